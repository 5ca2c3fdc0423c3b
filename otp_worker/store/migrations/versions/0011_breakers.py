"""Breakers: the last probe and the last answer to the health question, and a breaker for each SIM."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("gateways", sa.Column("probed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("gateways", sa.Column("healthy", sa.Boolean(), nullable=True))
    op.create_table(
        "sim_breakers",
        sa.Column("gateway", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("probe_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("probed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("gateway", "name", name=op.f("pk_sim_breakers")),
    )
