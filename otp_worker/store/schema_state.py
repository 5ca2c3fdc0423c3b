"""At which version a database's schema is, and refusing to work on one that is not current.

Which versions there are is read from the migrations' own lines: Alembic, which runs them, would cost every
process of the service 7 MB.
"""

import re
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

from sqlalchemy import Column, Connection, MetaData, Table, Text, inspect, select
from sqlalchemy.exc import SQLAlchemyError

from otp_worker.domain.errors import DatabaseUnavailableError, SchemaNotCurrentError
from otp_worker.store.connection_errors import cause_of
from otp_worker.store.database import Database
from otp_worker.store.schema import schema_version

START_SECONDS = 10.0
PAUSE_SECONDS = 0.5
SCRIPTS = Path(__file__).parent / "migrations"

_REVISION = re.compile(r'^(down_revision|revision)\b.*?=\s*(?:"(\w+)"|None)$', re.MULTILINE)
_ALEMBIC_VERSION = Table("alembic_version", MetaData(), Column("version_num", Text))


def await_current(db: Database) -> None:
    """What ``check_current`` does, for a process that starts: with patience for a database that is restarted.

    Raises SchemaNotCurrentError, and DatabaseUnavailableError after ten seconds.
    """
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            return check_current(db)
        except DatabaseUnavailableError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(PAUSE_SECONDS)


def check_current(db: Database) -> None:
    """Raise SchemaNotCurrentError or DatabaseUnavailableError unless this version can work with the schema.

    One that is newer and only adds to what this version knows serves it as well.
    """
    version, oldest = current_version(db), oldest_served(db)
    if version is None or oldest is None:
        raise SchemaNotCurrentError("the database has no schema yet; run: otp-worker migrate")
    refuse_unless_known(version, oldest)
    if version in known_versions() and version != newest_version():
        raise SchemaNotCurrentError(
            f"the database's schema is {version}, not {newest_version()}; run: otp-worker migrate"
        )


def current_version(db: Database) -> str | None:
    """The version that the database is at, None for an empty one; raises DatabaseUnavailableError."""
    return _read(db, version_in)


def oldest_served(db: Database) -> str | None:
    """The oldest version that the schema serves, None for an empty database.

    Raises DatabaseUnavailableError.
    """
    return _read(db, oldest_served_in)


@cache
def _earlier() -> dict[str, str]:
    """The version before each one; before the first it is empty."""
    scripts = [path.read_text() for path in sorted((SCRIPTS / "versions").glob("*.py"))]
    found = [dict(_REVISION.findall(script)) for script in scripts]
    return {each["revision"]: each["down_revision"] for each in found}


def known_versions() -> frozenset[str]:
    """Every version of the schema that this code knows."""
    return frozenset(_earlier())


def newest_version() -> str:
    """The version that this code works with: the one that is before no other."""
    newest = known_versions() - set(_earlier().values())
    if len(newest) != 1:
        raise SchemaNotCurrentError("this installation has no migrations, or they are not in a line")
    return next(iter(newest))


def version_in(connection: Connection) -> str | None:
    """The version that the database of a connection is at, None for an empty one."""
    return _held(connection, schema_version) or oldest_served_in(connection)


def oldest_served_in(connection: Connection) -> str | None:
    """The oldest version that the schema of a connection's database serves, None for an empty one."""
    return _held(connection, _ALEMBIC_VERSION)


def _held(connection: Connection, table: Table) -> str | None:
    if not inspect(connection).has_table(table.name):
        return None
    held: str | None = connection.execute(select(table.c.version_num)).scalar()
    return held


def refuse_unless_known(version: str, oldest: str | None) -> None:
    """Raise SchemaNotCurrentError unless a schema serves a version that this code is, or knows."""
    if oldest not in known_versions():
        raise SchemaNotCurrentError(
            f"the database's schema {version} serves otp-worker from schema {oldest} on, and this one is "
            f"older ({newest_version()}): install a newer one, then run: otp-worker migrate"
        )


def _read(db: Database, read: Callable[[Connection], str | None]) -> str | None:
    try:
        with db.read() as connection:
            return read(connection)
    except SQLAlchemyError as error:
        raise DatabaseUnavailableError(f"OTP_DATABASE_URL: the database {cause_of(error)}") from None
