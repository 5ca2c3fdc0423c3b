"""Links to the hosted entry page."""

import sqlalchemy as sa
from alembic import op

from otp_worker.store.indices import create_index

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "entry_links",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("app", sa.String(length=64), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("number_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("session_hash", sa.LargeBinary(length=32), nullable=True),
        sa.Column("verification_id", sa.String(length=40), nullable=True),
        sa.Column("acts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("outcome_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("redeemed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entry_links")),
    )
    create_index("ix_entry_links_expires_at", "entry_links", ["expires_at"])
    create_index("ix_entry_links_number_hash", "entry_links", ["number_hash"])
