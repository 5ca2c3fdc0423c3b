"""What became of the codes that were sent, by block of numbers and hour."""

import sqlalchemy as sa
from alembic import op

from otp_worker.store.schema.base import Instant

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "conversion_blocks",
        sa.Column("hour", Instant(), nullable=False),
        sa.Column("app", sa.String(length=64), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("block_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("sent", sa.Integer(), nullable=False),
        sa.Column("delivered", sa.Integer(), nullable=False),
        sa.Column("approved", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("hour", "app", "country", "block_hash", name=op.f("pk_conversion_blocks")),
    )
