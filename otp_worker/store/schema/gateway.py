"""The tables of how SMS leave: gateways and SIMs, their circuit breakers and budgets, and canaries."""

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, LargeBinary, String, Table, Text

from otp_worker.store.schema.base import Instant, metadata

gateways = Table(
    "gateways",
    metadata,
    Column("name", String(64), primary_key=True),
    # Unavailable outcomes in a row; from a few on, the breaker is open.
    Column("failures", Integer, nullable=False),
    Column("failing_since", Instant),
    Column("reason", Text),
    # While it is open: when the next probe is due, and when the last one was taken.
    Column("probe_at", Instant),
    Column("probed_at", Instant),
    # The last answer to its health question since it is away; none where only a message can tell.
    Column("healthy", Boolean),
    Column("uncertain_total", Integer, nullable=False),
    # Since when it refuses our account, whatever the message; none while it takes it.
    Column("misconfigured_since", Instant),
    # The last look at its phone, and what was reported of it.
    Column("silent", Boolean),
    Column("battery_low", Boolean),
    Column("battery_percent", Float),
    Column("seen_at", Instant),
    Column("looked_at", Instant),
    # When a look last found that ``seen_at`` had moved: the gateway's clock need not agree with ours.
    Column("seen_moved_at", Instant),
)

# The SIMs that their gateways asked to wait: a breaker for each, which opens at the first such answer.
sim_breakers = Table(
    "sim_breakers",
    metadata,
    Column("gateway", String(64), primary_key=True),
    Column("name", String(64), primary_key=True),
    # Such answers in a row.
    Column("failures", Integer, nullable=False),
    Column("failing_since", Instant),
    Column("reason", Text),
    Column("probe_at", Instant),
    Column("probed_at", Instant),
)

# What each SIM that is bounded has used of its pace and its budgets.
sims = Table(
    "sims",
    metadata,
    Column("name", String(64), primary_key=True),
    # The earliest instant of the next SMS.
    Column("next_slot_at", Instant),
    # What it may have sent on that day, and to how many numbers in that month; both begin in the SIM's zone.
    Column("day", String(10), nullable=False),
    Column("used", Integer, nullable=False),
    Column("month", String(7), nullable=False),
    Column("recipients", Integer, nullable=False),
)

sim_recipients = Table(
    "sim_recipients",
    metadata,
    Column("sim", String(64), primary_key=True),
    Column("month", String(7), primary_key=True),
    Column("number_hash", LargeBinary(32), primary_key=True),
    # For how many SMS that were or may have been sent, or may be yet; older versions count the first alone.
    Column("turns", Integer, nullable=False, server_default="1"),
)
Index("ix_sim_recipients_month", sim_recipients.c.month)

# An SMS from one of our SIMs to another, which tells how long an SMS takes.
canaries = Table(
    "canaries",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("from_sim", String(64), nullable=False),
    Column("to_sim", String(64), nullable=False),
    Column("sent_at", Instant, nullable=False),
    Column("arrived_at", Instant),
    Column("lost_at", Instant),
)
Index("ix_canaries_sent_at", canaries.c.sent_at)

# Whose turn it was to send a canary in each slot of time, and why it could not.
canary_turns = Table(
    "canary_turns",
    metadata,
    # The whole number of intervals since 1970: one canary in each, however many ask for it.
    Column("slot", BigInteger, primary_key=True, autoincrement=False),
    Column("from_sim", String(64), nullable=False),
    Column("to_sim", String(64), nullable=False),
    Column("reason", Text),
)
