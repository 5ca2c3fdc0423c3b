"""The tables."""

from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    false,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Instant(TypeDecorator[datetime]):
    """An aware UTC instant, on databases that know time zones and on those that do not."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


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

_OPEN = text("status IN ('queued', 'sending', 'waiting')")
IS_OPEN = text("deliveries.status IN ('queued', 'sending', 'waiting')")
"""A delivery that may still become an SMS, in the very words of the indices that hold only such: SQLite takes
them for a statement that says so word for word, and no bound parameter does."""

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
    "ix_deliveries_open_published",
    deliveries.c.published_at,
    deliveries.c.deadline_at,
    sqlite_where=_OPEN,
    postgresql_where=_OPEN,
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

confirmations = Table(
    "confirmations",
    metadata,
    Column("number_hash", LargeBinary(32), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("reply_id", String(40), nullable=False),
    Column("sent_at", Instant),
)
Index("ix_confirmations_reply_id", confirmations.c.reply_id)

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

replies = Table(
    "replies",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("dedupe_key", String(64), nullable=False, unique=True),
    Column("gateway", String(64), nullable=False),
    Column("verification_id", String(40)),
    Column("app", String(64)),
    # Kept as long as a verification's; the keyed hash of whatever it came from outlives it.
    Column("number", String(20)),
    Column("number_hash", LargeBinary(32)),
    Column("number_masked", String(24), nullable=False),
    Column("text", Text, nullable=False),
    # What it did, a word of Meaning.
    Column("meaning", String(8), nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("created_at", Instant, nullable=False),
)
Index("ix_replies_created_at", replies.c.created_at)
Index("ix_replies_number_hash", replies.c.number_hash)
Index(
    "ix_replies_numbers_kept",
    replies.c.created_at,
    sqlite_where=text("number IS NOT NULL"),
    postgresql_where=text("number IS NOT NULL"),
)

# What was posted before, as keyed hashes of its content: it acts once, even after its reply is gone.
reply_keys = Table(
    "reply_keys",
    metadata,
    Column("key_hash", LargeBinary(32), primary_key=True),
    Column("seen_at", Instant, nullable=False),
)
Index("ix_reply_keys_seen_at", reply_keys.c.seen_at)

# The numbers whose people want no SMS. No purge and no wish to be forgotten touches them.
opt_outs = Table(
    "opt_outs",
    metadata,
    Column("number_hash", LargeBinary(32), primary_key=True),
    Column("number_masked", String(24), nullable=False),
    Column("stopped_at", Instant, nullable=False),
)

notices = Table(
    "notices",
    metadata,
    Column("id", String(40), primary_key=True),
    # Where it is told: "webhook" or "email".
    Column("channel", String(16), nullable=False),
    Column("type", String(32), nullable=False),
    Column("reply_id", String(40), ForeignKey("replies.id", ondelete="CASCADE")),
    Column("data", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    # When the next attempt is due; none where it is told, or given up.
    Column("due_at", Instant),
    Column("attempts", Integer, nullable=False),
    Column("told_at", Instant),
    # When the sweep last put its id on the queue; none where it is not there.
    Column("published_at", Instant),
    # Until when an attempt is under way: what it holds of its channel's budget, should its worker die.
    Column("lease_until", Instant),
)
Index("ix_notices_created_at", notices.c.created_at)
Index("ix_notices_reply_id", notices.c.reply_id)
Index(
    "ix_notices_due_at",
    notices.c.due_at,
    sqlite_where=text("due_at IS NOT NULL"),
    postgresql_where=text("due_at IS NOT NULL"),
)

# The circuit breaker of each channel of the notices.
notice_channels = Table(
    "notice_channels",
    metadata,
    Column("name", String(16), primary_key=True),
    # Failed attempts in a row; from a few on, the channel is taken to be away.
    Column("failures", Integer, nullable=False),
    # When a channel that is away is tried again.
    Column("retry_at", Instant),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String(40), primary_key=True),
    # Keys of one name belong to one app: a new key of the same name sees the same verifications.
    Column("name", String(64), nullable=False),
    Column("test", Boolean, nullable=False),
    Column("hash", LargeBinary(32), nullable=False, unique=True),
    Column("hint", String(24), nullable=False),
    # What the key may be used for: words of KeyScope with spaces between them.
    Column("scopes", String(64), nullable=False),
    # Rates of its own for sends and for checks; null where the operator's hold, empty for no limit.
    Column("limit", Text),
    Column("checks_limit", Text),
    Column("created_at", Instant, nullable=False),
    Column("revoked_at", Instant),
)

number_guards = Table(
    "number_guards",
    metadata,
    Column("number_hash", LargeBinary(32), primary_key=True),
    # Failed checks of this number since the last right one, across codes; a check counts before it is judged.
    Column("failed_checks", Integer, nullable=False),
    Column("locked_until", Instant),
    # Until then its person's word holds that somebody else asked for a code: no check, and no SMS.
    Column("reported_until", Instant),
    Column("updated_at", Instant, nullable=False),
)
Index("ix_number_guards_updated_at", number_guards.c.updated_at)

# What became of the codes of one hour that were handed over, by block, by country, and in all.
conversions = Table(
    "conversions",
    metadata,
    Column("kind", String(8), primary_key=True),
    Column("subject", LargeBinary(32), primary_key=True),
    Column("hour", Instant, primary_key=True),
    Column("sends", Integer, nullable=False),
    Column("approvals", Integer, nullable=False),
)
Index("ix_conversions_hour", conversions.c.hour)

# Blocks and countries that are, or were, paused for what looked like SMS pumping, or are exempt from it.
pauses = Table(
    "pauses",
    metadata,
    Column("kind", String(8), primary_key=True),
    Column("subject", LargeBinary(32), primary_key=True),
    Column("name", String(24), nullable=False),
    Column("label", String(24), nullable=False),
    Column("sends", Integer),
    Column("approvals", Integer),
    Column("usual_sends_an_hour", Float),
    Column("usual_conversion", Float),
    Column("in_a_row", Integer, nullable=False),
    Column("paused_at", Instant),
    Column("paused_until", Instant),
    Column("exempt_until", Instant),
    # Whose sends are paused, and the block or country alone; none where an operator exempts it for all apps.
    Column("app", String(64)),
    Column("place", LargeBinary(32)),
    # What an app sends there has no past to judge it by: it is told of, and not paused.
    Column("observed", Boolean, nullable=False, server_default=false()),
)

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
schema_version = Table(
    "schema_version",
    metadata,
    Column("version_num", String(32), primary_key=True),
)
