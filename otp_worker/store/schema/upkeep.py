"""The tables of what the service knows of itself: counters, tallies, sweeps, alerts and its schema."""

from sqlalchemy import BigInteger, Column, Integer, String, Table

from otp_worker.store.schema.base import Instant, metadata

counters = Table(
    "counters",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", BigInteger, nullable=False),
)

# What was counted of the steps, whatever became of them since: once in all, and by the spans of time.
tallies = Table(
    "tallies",
    metadata,
    # Of how many seconds; 0 for all that was ever counted.
    Column("span", Integer, primary_key=True, autoincrement=False),
    # The instant at which the span began.
    Column("at", Instant, primary_key=True),
    Column("name", String(32), primary_key=True),
    # Their values, each with a bar after it.
    Column("labels", String(255), primary_key=True),
    # Which times are counted together; -1 where no time is counted.
    Column("bucket", Integer, primary_key=True, autoincrement=False),
    Column("count", BigInteger, nullable=False),
    Column("milliseconds", BigInteger, nullable=False),
)

sweeps = Table(
    "sweeps",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("swept_at", Instant, nullable=False),
)

# When the machine was started, as its processes agree; only over SQLite, where there is one machine.
machine_clock = Table(
    "machine_clock",
    metadata,
    Column("boot_id", String(64), primary_key=True),
    Column("booted_at", Instant, nullable=False),
)

# What operators were told of and what lasts still: it is told of once, and once more when it is over.
alerts = Table(
    "alerts",
    metadata,
    Column("type", String(32), primary_key=True),
    # What it is about, such as a SIM's name.
    Column("subject", String(140), primary_key=True),
    Column("since", Instant, nullable=False),
)

# The keys, by their ids, that workers open what is sealed with, and when one of them last said so.
seal_keys = Table(
    "seal_keys",
    metadata,
    Column("key_id", String(16), primary_key=True),
    Column("seen_at", Instant, nullable=False),
)

# The revision that the schema is at; Alembic writes it.
schema_version = Table("schema_version", metadata, Column("version_num", String(32), primary_key=True))
