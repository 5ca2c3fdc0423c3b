"""Replies: known again after they are gone, found by their sender's hash, their numbers forgotten soon."""

import sqlalchemy as sa
from alembic import op

from otp_worker.store.indices import create_index

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "reply_keys",
        sa.Column("key_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key_hash", name=op.f("pk_reply_keys")),
    )
    op.create_index("ix_reply_keys_seen_at", "reply_keys", ["seen_at"], unique=False)
    op.add_column("replies", sa.Column("number_hash", sa.LargeBinary(length=32), nullable=True))
    create_index("ix_replies_number_hash", "replies", ["number_hash"])
    create_index("ix_replies_numbers_kept", "replies", ["created_at"], where="number IS NOT NULL")
