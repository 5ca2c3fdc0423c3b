"""The tables of the endpoints of apps, and of the events on their way to them."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from otp_worker.store.schema.base import Instant, metadata

endpoints = Table(
    "endpoints",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("app", String(64), nullable=False),
    Column("url", String(512), nullable=False),
    # A JSON list of names; none for every event there is and will be.
    Column("events", Text),
    Column("clear_numbers", Boolean, nullable=False),
    # Its secret and the one before, encrypted with a key of the root secret that secret_key_id names.
    Column("secrets", LargeBinary, nullable=False),
    Column("secret_key_id", String(16), nullable=False),
    # Until when the secret before signs too; none where there is none.
    Column("previous_secret_until", Instant),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    # It is told of what happens from then on: since it was made, or enabled again.
    Column("events_from", Instant, nullable=False),
    Column("disabled_at", Instant),
    Column("disabled_reason", Text),
    # Attempts in a row that nothing came of, the first of them, and when the operator was told.
    Column("failures", Integer, nullable=False),
    Column("failing_since", Instant),
    Column("told_at", Instant),
    # When one that fails is tried again.
    Column("retry_at", Instant),
    # Until when a worker posts to it: one at a time does.
    Column("lease_until", Instant),
    # Since when what it missed is told again, and the number of the last step that was looked at for it.
    Column("replay_since", Instant),
    Column("replayed_to", BigInteger),
)
Index("ix_endpoints_app", endpoints.c.app)

endpoint_events = Table(
    "endpoint_events",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("endpoint_id", String(40), ForeignKey("endpoints.id", ondelete="CASCADE"), nullable=False),
    # The step that it tells of; none for a test.
    Column("step_id", BigInteger),
    Column("verification_id", String(40), ForeignKey("verifications.id", ondelete="CASCADE")),
    Column("type", String(40), nullable=False),
    # When it happened.
    Column("at", Instant, nullable=False),
    # When the next attempt is due; none where it was taken, or given up.
    Column("due_at", Instant),
    Column("attempts", Integer, nullable=False),
    Column("taken_at", Instant),
    # What came of the last attempt: an HTTP status, or that there was no answer.
    Column("answer", String(40)),
    # However often a step is looked at, an endpoint is told of it under one id.
    UniqueConstraint("endpoint_id", "step_id"),
)
Index("ix_endpoint_events_verification_id", endpoint_events.c.verification_id)
Index("ix_endpoint_events_newest", endpoint_events.c.endpoint_id, endpoint_events.c.id)
Index(
    "ix_endpoint_events_waiting",
    endpoint_events.c.endpoint_id,
    endpoint_events.c.id,
    sqlite_where=text("due_at IS NOT NULL"),
    postgresql_where=text("due_at IS NOT NULL"),
)
# Purged by age: nothing else takes them along.
Index(
    "ix_endpoint_events_tests",
    endpoint_events.c.at,
    sqlite_where=text("verification_id IS NULL"),
    postgresql_where=text("verification_id IS NULL"),
)
