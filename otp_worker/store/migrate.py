"""The schema's versions: bringing a database up to date, and refusing to work on one that is not."""

import time
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import SQLAlchemyError

from otp_worker.domain.errors import DatabaseAwayError, SchemaNotCurrentError
from otp_worker.store.database import Database

START_SECONDS = 10.0
PAUSE_SECONDS = 0.5

_SCRIPTS = Path(__file__).parent / "migrations"


def upgrade(db: Database, version: str = "head") -> tuple[str | None, str]:
    """Bring the schema up to date; the versions before and after. Several at once take turns."""
    before = current_version(db)
    with db.write() as connection:
        if not db.is_sqlite:
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(686579)")
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, version)
    return before, current_version(db) or ""


def await_current(db: Database) -> None:
    """What ``check_current`` does, for a process that starts: with patience for a database that is restarted.

    Raises SchemaNotCurrentError, and DatabaseAwayError after ten seconds.
    """
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            return check_current(db)
        except DatabaseAwayError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(PAUSE_SECONDS)


def check_current(db: Database) -> None:
    """Raise SchemaNotCurrentError or DatabaseAwayError unless the schema is the one that is wanted here."""
    version = current_version(db)
    if version == newest_version():
        return
    if version is None:
        raise SchemaNotCurrentError("the database has no schema yet; run: otp-worker migrate")
    raise SchemaNotCurrentError(
        f"the database's schema is {version}, not {newest_version()}; run: otp-worker migrate"
    )


def current_version(db: Database) -> str | None:
    """The version that the database is at, None for an empty one; raises DatabaseAwayError."""
    try:
        with db.read() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    except SQLAlchemyError as error:
        raise DatabaseAwayError(
            f"OTP_DATABASE_URL: the database does not answer ({type(error).__name__})"
        ) from None


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
