"""An index of what ended while it waited in the database, so that it can be announced."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    where = sa.text("published_at IS NULL AND status NOT IN ('queued', 'sending', 'waiting')")
    op.create_index(
        "ix_deliveries_ended_unpublished",
        "deliveries",
        ["deadline_at"],
        unique=False,
        sqlite_where=where,
        postgresql_where=where,
    )
