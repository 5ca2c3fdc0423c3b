"""The table of the links to the hosted entry page."""

from sqlalchemy import Column, Index, Integer, LargeBinary, String, Table

from otp_worker.store.schema.base import Instant, metadata

entry_links = Table(
    "entry_links",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("app", String(64), nullable=False),
    # The key that made it, by its hash: what a link does is done for that key.
    Column("key_hash", LargeBinary(32), nullable=False),
    # By which a person's wish to be erased finds it.
    Column("number_hash", LargeBinary(32), nullable=False),
    # What its app asked for, under a key that comes of the root secret and of the id.
    Column("sealed", LargeBinary, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    # Whose it is: the hash of a cookie of the first browser that acted.
    Column("session_hash", LargeBinary(32), nullable=True),
    Column("verification_id", String(40), nullable=True),
    Column("acts", Integer, nullable=False, server_default="0"),
    Column("outcome", String(16), nullable=True),
    Column("outcome_at", Instant, nullable=True),
    Column("redeemed_at", Instant, nullable=True),
)
Index("ix_entry_links_expires_at", entry_links.c.expires_at)
Index("ix_entry_links_number_hash", entry_links.c.number_hash)
