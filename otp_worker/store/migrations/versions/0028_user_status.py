"""What became of a user's codes: for an app that calls many people by one name, newest first."""

from otp_worker.store.indices import create_index

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_index(
        "ix_verifications_user_status",
        "verifications",
        ["user", "status", "created_at", "id"],
        where='"user" IS NOT NULL AND ended_at IS NOT NULL',
    )
