"""Receipts that overtake an answer, accounts that are refused, and how a code is derived."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "early_receipts",
        sa.Column("gateway", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=128), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("gateway", "subject", "kind", name=op.f("pk_early_receipts")),
    )
    op.create_index("ix_early_receipts_received_at", "early_receipts", ["received_at"], unique=False)
    op.add_column("gateways", sa.Column("misconfigured_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column("verifications", sa.Column("derivation", sa.Integer(), nullable=True))
    # Over a database without rows no older worker is at work: it may use every derivation at once.
    op.execute(
        "INSERT INTO counters (name, value) "
        "SELECT 'code_derivation', 2 WHERE NOT EXISTS (SELECT 1 FROM verifications)"
    )
