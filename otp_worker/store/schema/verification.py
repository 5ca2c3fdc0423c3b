"""The tables of what was asked for: verifications, and requests that are repeated."""

from sqlalchemy import Boolean, Column, Index, Integer, LargeBinary, String, Table, Text, text

from otp_worker.store.schema.base import Instant, Tags, metadata

IS_MESSAGE = text("verifications.channel = 'message'")
"""A message, in the very words of the index that holds only such."""
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
    # What only the workers may read, sealed to them; none once it is over.
    Column("sealed", LargeBinary),
    # Of the payment that its code is for, to know a request that repeats it; none once it is over.
    Column("link_hash", LargeBinary(32)),
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
    # What the code is for, and by what its app finds it again.
    Column("purpose", String(32)),
    Column("client_reference", String(128)),
    Column("tags", Tags),
    # Which version of the app's template it is written with, if the app has one; an older worker, which does
    # not know it, writes the operator's template of that name, or the built-in text.
    Column("template_version", Integer),
    # The values of the template's own fields; gone with the number.
    Column("template_fields", Tags),
    # The hash of the Android app that is to read it, where the send names one.
    Column("android_hash", String(11)),
    # The address that the code goes to by e-mail, kept no longer than a number.
    Column("email", String(254)),
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
    "ix_verifications_emails_kept",
    verifications.c.ended_at,
    sqlite_where=text("email IS NOT NULL"),
    postgresql_where=text("email IS NOT NULL"),
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
Index(
    "ix_verifications_purpose",
    verifications.c.purpose,
    verifications.c.app,
    verifications.c.created_at,
    verifications.c.id,
    sqlite_where=text("purpose IS NOT NULL"),
    postgresql_where=text("purpose IS NOT NULL"),
)
Index(
    "ix_verifications_client_reference",
    verifications.c.client_reference,
    verifications.c.created_at,
    verifications.c.id,
    sqlite_where=text("client_reference IS NOT NULL"),
    postgresql_where=text("client_reference IS NOT NULL"),
)

Index(
    "ix_verifications_messages",
    verifications.c.app,
    verifications.c.created_at,
    verifications.c.id,
    sqlite_where=text("channel = 'message'"),
    postgresql_where=text("channel = 'message'"),
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
