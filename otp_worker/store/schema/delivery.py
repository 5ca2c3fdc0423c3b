"""The tables of deliveries, and of receipts that came before their delivery was known."""

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text, text

from otp_worker.store.schema.base import Instant, metadata

_OPEN = text("status IN ('queued', 'sending', 'waiting')")
IS_OPEN = text("deliveries.status IN ('queued', 'sending', 'waiting')")
"""A delivery that may still become an SMS, in the very words of the indices that hold only such: SQLite takes
them for a statement that says so word for word, and no bound parameter does."""
_PROBLEM = text("status IN ('failed', 'expired', 'undelivered')")
IS_PROBLEM = text("deliveries.status IN ('failed', 'expired', 'undelivered')")
"""A delivery that did not reach its person, in the very words of the index that holds only such."""
_ENDED_UNPUBLISHED = text("published_at IS NULL AND status NOT IN ('queued', 'sending', 'waiting')")
ENDED_UNPUBLISHED = text(
    "deliveries.published_at IS NULL AND deliveries.status NOT IN ('queued', 'sending', 'waiting')"
)
"""A delivery that ended while it was not on the queue, in the words of its index."""

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", String(44), primary_key=True),
    Column(
        "verification_id",
        String(40),
        ForeignKey("verifications.id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("status", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    # Attempts whose worker never came back to settle them.
    Column("abandoned", Integer, nullable=False),
    Column("uncertain", Integer, nullable=False),
    # The number's country, by which SIMs are found; "test" for what goes to none.
    Column("route", String(4), nullable=False),
    Column("gateway", String(64)),
    Column("sim", String(64)),
    Column("gateway_message_id", String(128)),
    Column("reason", Text),
    Column("created_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("deadline_at", Instant, nullable=False),
    # When its id was last put on the queue; none where it is not there and waits for the sweep.
    Column("published_at", Instant),
    Column("lease_until", Instant),
    Column("sent_at", Instant),
    Column("delivered_at", Instant),
    # When its gateway is to be asked how far it came; none where it tells by itself, or has told all.
    Column("poll_at", Instant),
    # "notice" for a message that gives way to codes; none for every other SMS.
    Column("priority", String(8)),
)
Index(
    "ix_deliveries_poll_at",
    deliveries.c.poll_at,
    sqlite_where=text("poll_at IS NOT NULL"),
    postgresql_where=text("poll_at IS NOT NULL"),
)
Index("ix_deliveries_verification_id", deliveries.c.verification_id, deliveries.c.created_at)
Index("ix_deliveries_sim", deliveries.c.sim, deliveries.c.sent_at)
Index("ix_deliveries_gateway", deliveries.c.gateway, deliveries.c.sent_at)
Index("ix_deliveries_gateway_message_id", deliveries.c.gateway_message_id, deliveries.c.gateway)
# At most one SMS on its way for each verification: a resend of what is still unsent is the same SMS.
Index(
    "uq_deliveries_open",
    deliveries.c.verification_id,
    unique=True,
    sqlite_where=_OPEN,
    postgresql_where=_OPEN,
)
Index(
    "ix_deliveries_open_deadline",
    deliveries.c.deadline_at,
    sqlite_where=_OPEN,
    postgresql_where=_OPEN,
)
Index(
    "ix_deliveries_open_route",
    deliveries.c.route,
    deliveries.c.deadline_at,
    sqlite_where=_OPEN,
    postgresql_where=_OPEN,
)
Index(
    "ix_deliveries_open_priority",
    deliveries.c.priority,
    deliveries.c.route,
    deliveries.c.deadline_at,
    sqlite_where=_OPEN,
    postgresql_where=_OPEN,
)
Index(
    "ix_deliveries_problems",
    deliveries.c.created_at,
    sqlite_where=_PROBLEM,
    postgresql_where=_PROBLEM,
)
Index(
    "ix_deliveries_open_published",
    deliveries.c.published_at,
    deliveries.c.deadline_at,
    sqlite_where=_OPEN,
    postgresql_where=_OPEN,
)
Index(
    "ix_deliveries_ended_unpublished",
    deliveries.c.deadline_at,
    sqlite_where=_ENDED_UNPUBLISHED,
    postgresql_where=_ENDED_UNPUBLISHED,
)

# Receipts that overtook the gateway's own answer, until a delivery is known by their subject.
early_receipts = Table(
    "early_receipts",
    metadata,
    Column("gateway", String(64), primary_key=True),
    # Our reference or the gateway's message id.
    Column("subject", String(128), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("received_at", Instant, nullable=False),
)
Index("ix_early_receipts_received_at", early_receipts.c.received_at)
