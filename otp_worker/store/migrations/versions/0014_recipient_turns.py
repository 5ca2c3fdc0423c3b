"""How many SMS a number stands for in a SIM's month: one that is given back leaves the others counted."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sim_recipients", sa.Column("turns", sa.Integer(), server_default="1", nullable=False))
