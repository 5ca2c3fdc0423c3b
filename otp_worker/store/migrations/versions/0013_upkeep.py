"""Budgets of the notices' channels, turns of the canaries, and indices for what the purge looks for."""

import sqlalchemy as sa
from alembic import op

from otp_worker.store.indices import create_index

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("published_at", "lease_until"):
        op.add_column("notices", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "notice_channels",
        sa.Column("name", sa.String(length=16), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_notice_channels")),
    )
    op.create_table(
        "canary_turns",
        sa.Column("slot", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("from_sim", sa.String(length=64), nullable=False),
        sa.Column("to_sim", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("slot", name=op.f("pk_canary_turns")),
    )
    op.add_column("gateways", sa.Column("seen_moved_at", sa.DateTime(timezone=True), nullable=True))
    create_index("ix_number_guards_updated_at", "number_guards", ["updated_at"])
    create_index("ix_sim_recipients_month", "sim_recipients", ["month"])
