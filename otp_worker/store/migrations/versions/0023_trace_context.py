"""The trace that a verification was asked for in, for what happens to it later."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("verifications", sa.Column("trace_context", sa.String(length=55), nullable=True))
