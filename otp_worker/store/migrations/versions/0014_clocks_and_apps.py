"""How many SMS a number stands for in a SIM's month, and which app's sends are paused."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sim_recipients", sa.Column("turns", sa.Integer(), server_default="1", nullable=False))
    op.add_column("pauses", sa.Column("app", sa.String(length=64), nullable=True))
    op.add_column("pauses", sa.Column("place", sa.LargeBinary(length=32), nullable=True))
    op.add_column("pauses", sa.Column("observed", sa.Boolean(), server_default=sa.false(), nullable=False))
