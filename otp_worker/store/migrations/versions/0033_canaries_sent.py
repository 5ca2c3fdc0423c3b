"""The canaries of the last day, found by when they were sent, and purged by it."""

from otp_worker.store.indices import create_index

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_index("ix_canaries_sent_at", "canaries", ["sent_at"])
