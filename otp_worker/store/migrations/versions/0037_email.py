"""E-mail: the address that a code goes to in place of a number."""

import sqlalchemy as sa
from alembic import op

from otp_worker.store.indices import create_index

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("verifications", sa.Column("email", sa.String(length=254), nullable=True))
    create_index("ix_verifications_emails_kept", "verifications", ["ended_at"], where="email IS NOT NULL")
