"""SIMs: their pace and budgets, which one a delivery went over, and by which route a delivery goes."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

OPEN = sa.text("status IN ('queued', 'sending', 'waiting')")


def upgrade() -> None:
    op.create_table(
        "sims",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("next_slot_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("recipients", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_sims")),
    )
    op.create_table(
        "sim_recipients",
        sa.Column("sim", sa.String(length=64), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("number_hash", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("sim", "month", "number_hash", name=op.f("pk_sim_recipients")),
    )
    op.add_column("deliveries", sa.Column("sim", sa.String(length=64), nullable=True))
    op.add_column("deliveries", sa.Column("route", sa.String(length=4), nullable=False, server_default=""))
    op.execute(
        "UPDATE deliveries SET sim = gateway, route = (SELECT CASE WHEN test THEN 'test' ELSE country END "
        "FROM verifications WHERE verifications.id = deliveries.verification_id)"
    )
    op.create_index("ix_deliveries_sim", "deliveries", ["sim", "sent_at"], unique=False)
    op.create_index(
        "ix_deliveries_open_route",
        "deliveries",
        ["route", "deadline_at"],
        unique=False,
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
    op.drop_column("gateways", "next_slot_at")
