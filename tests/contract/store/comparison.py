"""What a database has, beside what the statements expect."""

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from otp_worker.store.database import Database
from otp_worker.store.schema import metadata


def differences(db: Database) -> list[Any]:
    """What a migration would still have to change."""
    with db.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        found: list[Any] = compare_metadata(context, metadata)
        return found
