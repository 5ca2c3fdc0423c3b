"""The tables of who may ask for codes, and what holds off guessing and SMS pumping."""

from sqlalchemy import Boolean, Column, Float, Index, Integer, LargeBinary, String, Table, Text, false

from otp_worker.store.schema.base import Instant, metadata

# What holds for one app alone. A key is of the app of its name. The app of a key that an older version made
# has no row until somebody looks at it.
apps = Table(
    "apps",
    metadata,
    Column("name", String(64), primary_key=True),
    # A JSON object of what is set; what is not in it is the operator's.
    Column("settings", Text, nullable=False),
    # A JSON object of the templates that it has in use, each with its version.
    Column("templates", Text),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
)

# Every version of every template of an app; none is ever changed.
app_templates = Table(
    "app_templates",
    metadata,
    Column("app", String(64), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    # Its texts by their languages, and what else belongs to it, as JSON.
    Column("written", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
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

# What became of the codes that were asked for in one hour and sent, by app and block of numbers; by app,
# country, template and SIM it stands in the tallies.
conversion_blocks = Table(
    "conversion_blocks",
    metadata,
    # The instant at which the hour began.
    Column("hour", Instant, primary_key=True),
    Column("app", String(64), primary_key=True),
    Column("country", String(2), primary_key=True),
    Column("block_hash", LargeBinary(32), primary_key=True),
    Column("sent", Integer, nullable=False),
    Column("delivered", Integer, nullable=False),
    Column("approved", Integer, nullable=False),
)

# What is usual: the same of one hour without what was pumped, by block, by country, and in all.
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
