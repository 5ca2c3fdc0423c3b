"""The table of steps: what happened to each verification, and when gateways went away and came back."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text, text

from otp_worker.store.schema.base import Instant, metadata

# SQLite numbers its rows by itself only where the key is called INTEGER.
_ROW_NUMBER = BigInteger().with_variant(Integer, "sqlite")

steps = Table(
    "steps",
    metadata,
    Column("id", _ROW_NUMBER, primary_key=True),
    # None for what concerns a gateway or SIM and everything that waits for it.
    Column("verification_id", String(40), ForeignKey("verifications.id", ondelete="CASCADE")),
    Column("delivery_number", Integer),
    Column("at", Instant, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("outcome", String(24)),
    Column("http_status", Integer),
    Column("milliseconds", Integer),
    Column("count", Integer),
    Column("gateway", String(64)),
    Column("sim", String(64)),
    Column("detail", Text),
    # The number of a step that was erased is given to no other: steps are counted in the order of these.
    sqlite_autoincrement=True,
)
Index("ix_steps_verification_id", steps.c.verification_id)
# What concerns a gateway, found by time, and purged by age: nothing else takes it along.
Index(
    "ix_steps_of_gateways",
    steps.c.at,
    sqlite_where=text("verification_id IS NULL"),
    postgresql_where=text("verification_id IS NULL"),
)
