"""The table of tags, by which verifications are found."""

from sqlalchemy import Column, ForeignKey, Index, String, Table

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
