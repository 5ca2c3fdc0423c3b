"""The tables of what was asked for: verifications, their deliveries, and requests that are repeated."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text, text

from otp_worker.store.schema.base import Instant, metadata

IS_PENDING = text("verifications.status = 'pending'")
"""A verification that is not over, in the very words of the index that holds only such."""

verifications = Table(
    "verifications",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("app", String(64), nullable=False),
    # Asked for with a test key: nothing of it ever reaches a gateway.
    Column("test", Boolean, nullable=False),
    Column("status", String(24), nullable=False),
    Column("reason", Text),
    # The plain number is kept only while it is needed; the keyed hash and the mask outlive it.
    Column("number", String(20)),
    Column("number_hash", LargeBinary(32), nullable=False),
    Column("number_masked", String(24), nullable=False),
    # The number without its last four digits, as a keyed hash: what limits count together.
    Column("block_hash", LargeBinary(32), nullable=False),
    Column("country", String(2), nullable=False),
    Column("user", String(128)),
    Column("channel", String(16), nullable=False),
    Column("template", String(64)),
    Column("language", String(8), nullable=False),
    Column("ip_hash", LargeBinary(32)),
    Column("key_id", String(16), nullable=False),
    Column("code_key_id", String(16)),
    Column("code_length", Integer, nullable=False),
    # How the code is derived from the seed; none for as it was derived before that was written down.
    Column("derivation", Integer),
    Column("seed", LargeBinary(20)),
    Column("code_hash", LargeBinary(60)),
    # Of the token that the person is to text, where nothing is sent; none once it is over.
    Column("token_hash", LargeBinary(32)),
    Column("checks", Integer, nullable=False),
    Column("failed_checks", Integer, nullable=False),
    Column("max_checks", Integer, nullable=False),
    Column("ttl_seconds", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    # The first instant at which a gateway took, or may have taken, the code.
    Column("handed_at", Instant),
    Column("expires_at", Instant, nullable=False),
    # No code of this verification lives past this, whatever is sent again.
    Column("last_expiry_at", Instant, nullable=False),
    Column("resend_at", Instant, nullable=False),
    Column("ended_at", Instant),
    # The id of the HTTP request that asked for it, as the log has it; none from the command line.
    Column("request_id", String(64)),
    # The trace that it was asked for in (W3C Trace Context); none where nobody traces.
    Column("trace_context", String(55)),
    # What it is written in; `language` is the nearest one that a worker of 0.2.0 knows.
    Column("locale", String(35)),
)
Index(
    "ix_verifications_number_hash",
    verifications.c.number_hash,
    verifications.c.created_at,
)
Index(
    "ix_verifications_pending_expiry",
    verifications.c.expires_at,
    sqlite_where=text("status = 'pending'"),
    postgresql_where=text("status = 'pending'"),
)
Index(
    "ix_verifications_numbers_kept",
    verifications.c.ended_at,
    sqlite_where=text("number IS NOT NULL"),
    postgresql_where=text("number IS NOT NULL"),
)
Index(
    "ix_verifications_token_hash",
    verifications.c.token_hash,
    sqlite_where=text("token_hash IS NOT NULL"),
    postgresql_where=text("token_hash IS NOT NULL"),
)
Index("ix_verifications_created_at", verifications.c.created_at)
# For lists, newest first: of an app, of an app's user, and of what ended in one way. What is pending is few.
Index("ix_verifications_app", verifications.c.app, verifications.c.created_at, verifications.c.id)
Index(
    "ix_verifications_user",
    verifications.c.user,
    verifications.c.created_at,
    verifications.c.id,
    sqlite_where=text('"user" IS NOT NULL'),
    postgresql_where=text('"user" IS NOT NULL'),
)
Index(
    "ix_verifications_user_status",
    verifications.c.user,
    verifications.c.status,
    verifications.c.created_at,
    verifications.c.id,
    sqlite_where=text('"user" IS NOT NULL AND ended_at IS NOT NULL'),
    postgresql_where=text('"user" IS NOT NULL AND ended_at IS NOT NULL'),
)
Index(
    "ix_verifications_status",
    verifications.c.status,
    verifications.c.created_at,
    verifications.c.id,
    sqlite_where=text("ended_at IS NOT NULL"),
    postgresql_where=text("ended_at IS NOT NULL"),
)
Index(
    "ix_verifications_status_app",
    verifications.c.status,
    verifications.c.app,
    verifications.c.created_at,
    verifications.c.id,
    sqlite_where=text("ended_at IS NOT NULL"),
    postgresql_where=text("ended_at IS NOT NULL"),
)
Index(
    "ix_verifications_request_id",
    verifications.c.request_id,
    sqlite_where=text("request_id IS NOT NULL"),
    postgresql_where=text("request_id IS NOT NULL"),
)

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

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("app", String(64), primary_key=True),
    Column("key_hash", LargeBinary(32), primary_key=True),
    Column("request_hash", LargeBinary(32), nullable=False),
    Column("verification_id", String(40), nullable=False),
    # The answer that was given, to be given again; none while the request is under way.
    Column("answer", Text),
    Column("created_at", Instant, nullable=False),
)
Index("ix_idempotency_keys_verification_id", idempotency_keys.c.verification_id)
Index("ix_idempotency_keys_created_at", idempotency_keys.c.created_at)
