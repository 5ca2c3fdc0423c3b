"""When the gateway is to be asked how far an SMS came."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

DUE = sa.text("poll_at IS NOT NULL")


def upgrade() -> None:
    op.add_column("deliveries", sa.Column("poll_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_deliveries_poll_at",
        "deliveries",
        ["poll_at"],
        unique=False,
        sqlite_where=DUE,
        postgresql_where=DUE,
    )
