"""The schema's versions: bringing a database up to date, and refusing to work on one that is not.

The table ``schema_version`` holds the revision that the schema is at. The table ``alembic_version``, which
versions up to schema 0010 take for it, holds the oldest revision whose code the schema serves: so a version
that is older than the schema, and served by it, finds what it looks for and stays ready beside newer ones.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg.errors import DeadlockDetected, LockNotAvailable
from sqlalchemy import Connection, insert, select, text
from sqlalchemy.exc import InternalError, OperationalError, SQLAlchemyError

from otp_worker.domain.errors import DatabaseUnavailableError, SchemaNotCurrentError
from otp_worker.store.connection_errors import cause_of
from otp_worker.store.database import Database
from otp_worker.store.indices import build_missing
from otp_worker.store.schema import schema_version

START_SECONDS = 10.0
PAUSE_SECONDS = 0.5

LOCK_SECONDS = 0.5
"""Shorter than Postgres lets two transactions wait for each other before it ends one: never the service's."""
LOCK_TRIES = 120

SERVES_SINCE = "0010"
"""The oldest version of this code that can work with the newest schema: a migration that takes something
away, or changes what it means, moves this to its own revision; one that only adds leaves it alone."""

_SCRIPTS = Path(__file__).parent / "migrations"


def upgrade(db: Database, version: str = "head") -> tuple[str | None, str]:
    """Bring the schema up to date; the versions before and after. Several at once take turns.

    A newer schema that fits this version is left alone. Raises SchemaNotCurrentError where it does not fit,
    or where other transactions hold a table for minutes, and DatabaseUnavailableError.
    """
    current_version(db)
    try:
        with _turn(db):
            before = current_version(db)
            for step in _steps(db, before, version):
                after = _patiently(db, step)
            if not db.is_sqlite and after == newest_version():
                build_missing(db)
    except (OperationalError, InternalError) as error:
        raise DatabaseUnavailableError(f"OTP_DATABASE_URL: the database {cause_of(error)}") from error
    return before, after


@contextmanager
def _turn(db: Database) -> Iterator[None]:
    """Hold the one turn to migrate Postgres, on a connection of its own; SQLite has one writer at a time."""
    while not db.is_sqlite:
        with db.write() as connection:
            connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
            # Asked for and not waited for: an index that is built waits for everybody who waits.
            if connection.exec_driver_sql("SELECT pg_try_advisory_xact_lock(686579)").scalar_one():
                yield
                return
        time.sleep(PAUSE_SECONDS)
    yield


def _steps(db: Database, before: str | None, version: str) -> list[str]:
    """The versions to bring Postgres to, one after another: a lock lasts no longer than what needs it."""
    if db.is_sqlite or before is None or before not in known_versions():
        return [version]
    scripts = ScriptDirectory.from_config(_config())
    return [script.revision for script in scripts.iterate_revisions(version, before)][::-1] or [before]


def _patiently(db: Database, version: str) -> str:
    """Bring the schema to a version as soon as nobody holds what that changes."""
    for _ in range(LOCK_TRIES):
        try:
            return _upgrade(db, version)
        except OperationalError as error:
            if not isinstance(error.orig, LockNotAvailable | DeadlockDetected):
                raise
            time.sleep(PAUSE_SECONDS)
    raise SchemaNotCurrentError(
        "other transactions hold what is to be changed; run again: otp-worker migrate"
    )


def _upgrade(db: Database, version: str) -> str:
    with db.write() as connection:
        if not db.is_sqlite:
            # What changes a large table takes as long as it takes.
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
            # A change that waits for a table makes all others wait behind it: better try again.
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
        before = _version(connection)
        if before is not None and before not in known_versions():
            _refuse_unless_known(before, _oldest_served(connection))
            return before
        _carry_over(connection)
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, version)
        after = _version(connection) or ""
        _declare(connection, min(after, SERVES_SINCE))
    return after


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
    _refuse_unless_known(version, oldest)
    if version in known_versions() and version != newest_version():
        raise SchemaNotCurrentError(
            f"the database's schema is {version}, not {newest_version()}; run: otp-worker migrate"
        )


def current_version(db: Database) -> str | None:
    """The version that the database is at, None for an empty one; raises DatabaseUnavailableError."""
    return _read(db, _version)


def oldest_served(db: Database) -> str | None:
    """The oldest version that the schema serves, None for an empty database.

    Raises DatabaseUnavailableError.
    """
    return _read(db, _oldest_served)


@cache
def known_versions() -> frozenset[str]:
    """Every version of the schema that this code knows."""
    return frozenset(script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions())


@cache
def newest_version() -> str:
    """The version that this code works with."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if head is None:
        raise SchemaNotCurrentError("this installation has no migrations")
    return head


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    return config


def _version(connection: Connection) -> str | None:
    exact = MigrationContext.configure(connection, opts={"version_table": schema_version.name})
    return exact.get_current_revision() or _oldest_served(connection)


def _oldest_served(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _refuse_unless_known(version: str, oldest: str | None) -> None:
    if oldest not in known_versions():
        raise SchemaNotCurrentError(
            f"the database's schema {version} serves otp-worker from schema {oldest} on, and this one is "
            f"older ({newest_version()}): install a newer one, then run: otp-worker migrate"
        )


def _carry_over(connection: Connection) -> None:
    """Let Alembic find the version of a schema that was last changed before it had a table of its own."""
    version = _oldest_served(connection)
    schema_version.create(connection, checkfirst=True)
    if version is not None and connection.execute(select(schema_version)).first() is None:
        connection.execute(insert(schema_version).values(version_num=version))


def _declare(connection: Connection, oldest: str) -> None:
    """Write down the oldest version that the schema serves."""
    connection.exec_driver_sql(
        "CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"
    )
    connection.exec_driver_sql("DELETE FROM alembic_version")
    connection.execute(text("INSERT INTO alembic_version VALUES (:oldest)"), {"oldest": oldest})


def _read(db: Database, read: Callable[[Connection], str | None]) -> str | None:
    try:
        with db.read() as connection:
            return read(connection)
    except SQLAlchemyError as error:
        raise DatabaseUnavailableError(f"OTP_DATABASE_URL: the database {cause_of(error)}") from None
