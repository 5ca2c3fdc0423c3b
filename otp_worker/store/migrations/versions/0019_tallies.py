"""Tallies: what was counted of the steps, as long as the service lives; and an index of what went wrong."""

import sqlalchemy as sa
from alembic import op

from otp_worker.store.indices import create_index

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_PROBLEMS = "status IN ('failed', 'expired', 'undelivered')"


def upgrade() -> None:
    op.create_table(
        "tallies",
        sa.Column("span", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("labels", sa.String(length=255), nullable=False),
        sa.Column("bucket", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("milliseconds", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("span", "at", "name", "labels", "bucket", name=op.f("pk_tallies")),
    )
    create_index("ix_deliveries_problems", "deliveries", ["created_at"], where=_PROBLEMS)
