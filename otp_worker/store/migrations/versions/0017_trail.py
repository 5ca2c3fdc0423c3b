"""Looking for a verification: by app, user and status, newest first, and by the request that asked for it."""

import sqlalchemy as sa
from alembic import op

from otp_worker.store.indices import create_index

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("verifications", sa.Column("request_id", sa.String(length=64), nullable=True))
    newest = ["created_at", "id"]
    create_index("ix_verifications_app", "verifications", ["app", *newest])
    create_index("ix_verifications_user", "verifications", ["user", *newest], where='"user" IS NOT NULL')
    over = "ended_at IS NOT NULL"
    create_index("ix_verifications_status", "verifications", ["status", *newest], where=over)
    create_index("ix_verifications_status_app", "verifications", ["status", "app", *newest], where=over)
    create_index(
        "ix_verifications_request_id", "verifications", ["request_id"], where="request_id IS NOT NULL"
    )
