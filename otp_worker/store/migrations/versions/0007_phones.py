"""How each phone was when it was last looked at, and what was reported of it."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("silent", "battery_low"):
        op.add_column("gateways", sa.Column(name, sa.Boolean(), nullable=True))
    op.add_column("gateways", sa.Column("battery_percent", sa.Float(), nullable=True))
    for name in ("seen_at", "looked_at"):
        op.add_column("gateways", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_deliveries_gateway", "deliveries", ["gateway", "sent_at"], unique=False)
