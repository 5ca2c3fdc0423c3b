"""Bringing a database's schema up to date.

The table ``schema_version`` holds the revision that the schema is at. The table ``alembic_version``, which
versions up to schema 0010 take for it, holds the oldest revision whose code the schema serves: so a version
that is older than the schema, and served by it, finds what it looks for and stays ready beside newer ones.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from psycopg.errors import DeadlockDetected, LockNotAvailable
from sqlalchemy import Connection, insert, select, text
from sqlalchemy.exc import InternalError, OperationalError

from otp_worker.domain.errors import DatabaseUnavailableError, SchemaNotCurrentError
from otp_worker.store.connection_errors import cause_of
from otp_worker.store.database import Database
from otp_worker.store.indices import build_missing
from otp_worker.store.schema import schema_version
from otp_worker.store.schema_state import (
    SCRIPTS,
    current_version,
    known_versions,
    newest_version,
    oldest_served_in,
    refuse_unless_known,
    version_in,
)

PAUSE_SECONDS = 0.5

LOCK_SECONDS = 0.5
"""Shorter than Postgres lets two transactions wait for each other before it ends one: never the service's."""
LOCK_TRIES = 120

SERVES_SINCE = "0010"
"""The oldest version of this code that can work with the newest schema: a migration that takes something
away, or changes what it means, moves this to its own revision; one that only adds leaves it alone."""


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
        before = version_in(connection)
        if before is not None and before not in known_versions():
            refuse_unless_known(before, oldest_served_in(connection))
            return before
        _carry_over(connection)
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, version)
        after = version_in(connection) or ""
        _declare(connection, min(after, SERVES_SINCE))
    return after


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    return config


def _carry_over(connection: Connection) -> None:
    """Let Alembic find the version of a schema that was last changed before it had a table of its own."""
    version = oldest_served_in(connection)
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
