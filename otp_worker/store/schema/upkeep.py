"""The tables of what the service knows of itself: its counters, its sweeps and its schema."""

from sqlalchemy import BigInteger, Column, String, Table

from otp_worker.store.schema.base import Instant, metadata

counters = Table(
    "counters",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", BigInteger, nullable=False),
)

sweeps = Table(
    "sweeps",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("swept_at", Instant, nullable=False),
)

# The revision that the schema is at; Alembic writes it.
schema_version = Table("schema_version", metadata, Column("version_num", String(32), primary_key=True))
