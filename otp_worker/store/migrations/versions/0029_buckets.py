"""The buckets of an app's own that a verification's SMS count in."""

import sqlalchemy as sa
from alembic import op

from otp_worker.store.indices import create_index

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "verification_buckets",
        sa.Column("verification_id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("bucket_hash", sa.LargeBinary(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["verification_id"],
            ["verifications.id"],
            name=op.f("fk_verification_buckets_verification_id_verifications"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("verification_id", "name", name=op.f("pk_verification_buckets")),
    )
    create_index(
        "ix_verification_buckets_bucket_hash", "verification_buckets", ["bucket_hash", "verification_id"]
    )
