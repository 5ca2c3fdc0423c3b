"""The tables of what people text, what is answered, and who is told of it."""

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text, text

from otp_worker.store.schema.base import Instant, metadata

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

confirmations = Table(
    "confirmations",
    metadata,
    Column("number_hash", LargeBinary(32), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("reply_id", String(40), nullable=False),
    Column("sent_at", Instant),
)
Index("ix_confirmations_reply_id", confirmations.c.reply_id)

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
