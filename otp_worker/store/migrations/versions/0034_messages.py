"""Messages: SMS whose text an app gives, some of which give way to codes."""

import sqlalchemy as sa
from alembic import op

from otp_worker.store.indices import create_index

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("deliveries", sa.Column("priority", sa.String(length=8), nullable=True))
    create_index(
        "ix_deliveries_open_priority",
        "deliveries",
        ["priority", "route", "deadline_at"],
        where="status IN ('queued', 'sending', 'waiting')",
    )
    create_index(
        "ix_verifications_messages",
        "verifications",
        ["app", "created_at", "id"],
        where="channel = 'message'",
    )
    # In a database without a row, no worker of an older version can meet a message.
    op.execute(
        "UPDATE counters SET value = 5 WHERE name = 'code_derivation' "
        "AND NOT EXISTS (SELECT 1 FROM verifications)"
    )
