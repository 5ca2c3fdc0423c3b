"""The table of what operators did in the console."""

from sqlalchemy import Column, Index, String, Table

from otp_worker.store.schema.base import Instant, metadata

audit = Table(
    "audit",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("at", Instant, nullable=False),
    # Who is signed in.
    Column("login", String(64), nullable=False),
    Column("action", String(32), nullable=False),
    # What it was done to: an id, a masked number, a country. Never a number, a code or a key.
    Column("subject", String(64), nullable=False),
    # What came of it; none while it is under way, or where the console was stopped in the middle of it.
    Column("outcome", String(120)),
)
Index("ix_audit_at", audit.c.at)
