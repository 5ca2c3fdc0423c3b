"""What is sealed to the workers, and the keys that they have."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "seal_keys",
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_seal_keys")),
    )
    op.add_column("verifications", sa.Column("sealed", sa.LargeBinary(), nullable=True))
