"""Alerts: what operators were told of and what lasts still."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alerts",
        sa.Column("type", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(length=140), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("type", "subject", name=op.f("pk_alerts")),
    )
