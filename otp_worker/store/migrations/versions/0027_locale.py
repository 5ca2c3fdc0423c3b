"""The language that a verification is written in, of more than older workers know."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("verifications", sa.Column("locale", sa.String(length=35), nullable=True))
