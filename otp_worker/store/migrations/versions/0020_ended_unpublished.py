"""An index of what ended while it waited in the database, so that it can be announced."""

from otp_worker.store.indices import create_index

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_index(
        "ix_deliveries_ended_unpublished",
        "deliveries",
        ["deadline_at"],
        where="published_at IS NULL AND status NOT IN ('queued', 'sending', 'waiting')",
    )
