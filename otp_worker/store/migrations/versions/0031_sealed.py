"""What is sealed to the workers, and the keys that they have.

Nothing was asked for yet in an empty database, so no older worker has one of its rows in hand.
"""

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
    op.add_column("verifications", sa.Column("link_hash", sa.LargeBinary(length=32), nullable=True))
    op.execute(
        "UPDATE counters SET value = 4 "
        "WHERE name = 'code_derivation' AND NOT EXISTS (SELECT 1 FROM verifications)"
    )
