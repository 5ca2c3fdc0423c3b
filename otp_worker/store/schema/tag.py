"""The tables of what belongs to some verifications: tags to find them by, and buckets they count in."""

from sqlalchemy import Column, ForeignKey, Index, LargeBinary, String, Table

from otp_worker.store.schema.base import metadata

# The tags of verifications, which have them in their own rows too.
verification_tags = Table(
    "verification_tags",
    metadata,
    Column(
        "verification_id",
        String(40),
        ForeignKey("verifications.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("name", String(32), primary_key=True),
    Column("value", String(128), nullable=False),
)
Index(
    "ix_verification_tags_value",
    verification_tags.c.value,
    verification_tags.c.name,
    verification_tags.c.verification_id,
)

# The buckets of an app's own that a verification's SMS count in; of the value there is a keyed hash.
verification_buckets = Table(
    "verification_buckets",
    metadata,
    Column(
        "verification_id",
        String(40),
        ForeignKey("verifications.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("name", String(32), primary_key=True),
    Column("bucket_hash", LargeBinary(32), nullable=False),
)
Index(
    "ix_verification_buckets_bucket_hash",
    verification_buckets.c.bucket_hash,
    verification_buckets.c.verification_id,
)
