"""The statements that write a month of a busy service, one a table, for SQLite and for Postgres.

Each makes its rows from their numbers alone. ``fate`` is a number's last two digits: of a hundred codes 80
are entered and 13 are not, 3 are refused by the gateway, 2 are not sent in time, 1 is canceled, and of 1 too
many wrong codes are typed.
"""

from collections.abc import Mapping
from string import Template

Words = Mapping[str, str]

COUNTRIES = "GBDEFRESITNLBEPTIEATCHPLCZSENODKFIGRROHU"
"""As many as two letters go into it."""

_SQLITE: Words = {
    "numbers": "WITH RECURSIVE counted(n) AS "
    "(SELECT :begin UNION ALL SELECT n + 1 FROM counted WHERE n + 1 < :end) SELECT n FROM counted",
    "id": "'ver_' || printf('%012X%014X', CAST(at * 1000 AS INTEGER), n * 2654435761)",
    "instant": "strftime('%Y-%m-%d %H:%M:%f000', {}, 'unixepoch')",
    "bytes": "CAST(printf('%032d', {}) AS BLOB)",
    "digits": "printf('%0{}d', {})",
    "false": "0",
    "earlier": "strftime('%Y-%m-%d %H:%M:%f000', strftime('%s', at) - n * span, 'unixepoch')",
}
_POSTGRES: Words = {
    "numbers": "SELECT generate_series(CAST(:begin AS bigint), :end - 1) AS n",
    "id": "'ver_' || upper(lpad(to_hex(CAST(trunc(CAST(at AS numeric) * 1000) AS bigint)), 12, '0') "
    "|| lpad(to_hex(n * 2654435761), 14, '0'))",
    "instant": "to_timestamp({})",
    "bytes": "CAST(lpad(CAST({} AS text), 32, '0') AS bytea)",
    "digits": "lpad(CAST({1} AS text), {0}, '0')",
    "false": "false",
    "earlier": "at - n * make_interval(secs => span)",
}


def every(*, is_sqlite: bool) -> list[str]:
    """The statements in their order, for the numbers from ``begin`` to before ``end``."""
    words = _SQLITE if is_sqlite else _POSTGRES
    said = dict(words) | {
        "countries": COUNTRIES,
        "gateway": GATEWAY,
        "at": words["instant"].format("at"),
        "later": words["instant"].format(":later"),
        "person_hash": words["bytes"].format("n % :people * 2654435761 % 4294967296"),
        "block_hash": words["bytes"].format("n % 997"),
        "ending": words["digits"].format(2, "fate"),
        "number": f"'+447400' || {words['digits'].format(6, 'n % 1000000')}",
    }
    for seconds in (1, 3, 20, 30, 300, 540, 600):
        said[f"after_{seconds}"] = words["instant"].format(f"at + {seconds}")
    said["after_step"] = words["instant"].format("at + seconds")
    said["each"] = Template(_EACH).substitute(said)
    return [Template(statement).substitute(said) for statement in _STATEMENTS]


def earlier_tallies(*, is_sqlite: bool) -> str:
    """The statement that copies the figures of the last span of each length to those before it."""
    return Template(_TALLIES).substitute(_SQLITE if is_sqlite else _POSTGRES)


def request_id(number: int) -> str:
    """The id of the request that asked for a verification."""
    return f"req_{number}"


def message_id(number: int) -> str:
    """What the gateway calls its SMS."""
    return f"msg_{number}"


def user(number: int, people: int) -> str:
    """Its app's user."""
    return f"user-{number % people}"


GATEWAY = "mobile_api_connect"
GUEST = "guest"
"""What an app calls one user in a hundred who has no account."""

_EACH = """
(SELECT n, at, fate, $id AS id, CASE WHEN at >= :away_since THEN 1 ELSE 0 END AS waits,
        substr('$countries', CAST(1 + 2 * (n % 20) AS integer), 2) AS country
 FROM (SELECT n, :first + n * :apart AS at, n % 100 AS fate FROM ($numbers) AS numbered) AS timed) AS each_one
"""

_VERIFICATIONS = """
INSERT INTO verifications
  (id, app, test, status, reason, number, number_hash, number_masked, block_hash, country, "user", channel,
   language, key_id, code_length, checks, failed_checks, max_checks, ttl_seconds, created_at, handed_at,
   expires_at, last_expiry_at, resend_at, ended_at, request_id)
SELECT
  id,
  CASE WHEN n % 100000 = 5 THEN 'rare' WHEN n % 10 < 6 THEN 'shop' WHEN n % 10 < 9 THEN 'bank'
       ELSE 'taxi' END,
  $false,
  CASE WHEN waits = 1 THEN 'pending' WHEN fate < 80 THEN 'approved' WHEN fate < 92 THEN 'expired'
       WHEN fate < 97 THEN 'failed' WHEN fate = 97 THEN 'canceled' WHEN fate = 98 THEN 'max_checks_reached'
       ELSE 'expired' END,
  CASE WHEN waits = 1 THEN NULL WHEN fate BETWEEN 92 AND 94 THEN 'the gateway refuses this message (blocked)'
       WHEN fate BETWEEN 95 AND 96 THEN 'not sent in time' END,
  CASE WHEN waits = 1 THEN $number END,
  CASE WHEN n % 1000 = 7 THEN :tester WHEN n % :people = 3 THEN :person ELSE $person_hash END,
  '+44********' || $ending,
  $block_hash,
  country,
  CASE WHEN fate = 50 THEN 'guest' ELSE 'user-' || CAST(n % :people AS text) END,
  'sms', 'en', 'bench', 6,
  CASE WHEN waits = 1 THEN 0 WHEN fate < 80 THEN 1 WHEN fate = 98 THEN 5 ELSE 0 END,
  CASE WHEN waits = 0 AND fate = 98 THEN 5 ELSE 0 END,
  5, 300, $at,
  CASE WHEN waits = 0 AND fate NOT BETWEEN 92 AND 97 THEN $after_1 END,
  CASE WHEN waits = 1 THEN $later ELSE $after_600 END,
  $after_600, $after_30,
  CASE WHEN waits = 1 THEN NULL WHEN fate < 80 OR fate >= 97 THEN $after_20 ELSE $after_300 END,
  'req_' || CAST(n AS text)
FROM $each
"""

_DELIVERIES = """
INSERT INTO deliveries
  (id, verification_id, status, attempts, abandoned, uncertain, route, gateway, sim, gateway_message_id,
   reason, created_at, due_at, deadline_at, published_at, sent_at, delivered_at)
SELECT
  id || '.1', id,
  CASE WHEN waits = 1 THEN 'waiting' WHEN fate < 92 OR fate = 98 THEN 'delivered' WHEN fate < 95 THEN 'failed'
       WHEN fate < 97 THEN 'expired' WHEN fate = 97 THEN 'superseded' ELSE 'undelivered' END,
  CASE WHEN waits = 1 THEN 0 ELSE 1 END, 0, 0,
  country, '$gateway', '$gateway',
  CASE WHEN waits = 0 AND fate NOT BETWEEN 92 AND 97 THEN 'msg_' || CAST(n AS text) END,
  CASE WHEN waits = 1 THEN 'no paired phone is online (no_active_device_for_tenant)'
       WHEN fate BETWEEN 92 AND 94 THEN 'the gateway refuses this message (blocked)'
       WHEN fate BETWEEN 95 AND 97 THEN 'expired before it was sent' ELSE 'accepted' END,
  $at, $at,
  CASE WHEN waits = 1 THEN $later ELSE $after_540 END,
  CASE WHEN waits = 0 THEN $at END,
  CASE WHEN waits = 0 AND fate NOT BETWEEN 92 AND 97 THEN $after_1 END,
  CASE WHEN waits = 0 AND (fate < 92 OR fate = 98) THEN $after_3 END
FROM $each
"""

_STEPS = """
INSERT INTO steps
  (verification_id, delivery_number, at, kind, outcome, http_status, milliseconds, count, gateway, sim,
   detail)
SELECT
  id, number, $after_step, kind, outcome, status, milliseconds, count, gateway, gateway, detail
FROM $each CROSS JOIN (
  SELECT 1 AS position, 0 AS least, 99 AS most, 1 AS if_waits, 1 AS number, 0.0 AS seconds,
         'accepted' AS kind, CAST(NULL AS text) AS outcome, CAST(NULL AS integer) AS status,
         CAST(NULL AS integer) AS milliseconds, 9 AS count, CAST(NULL AS text) AS gateway,
         CAST(NULL AS text) AS detail
  UNION ALL SELECT 2, 0, 99, 0, 1, 0.1, 'claimed', NULL, NULL, NULL, NULL, NULL, 'deliver-slot1@bench'
  UNION ALL SELECT 3, 0, 99, 0, 1, 0.2, 'hashed', NULL, NULL, 60, NULL, NULL, NULL
  UNION ALL SELECT 4, 0, 91, 0, 1, 1.0, 'attempt', 'accepted', 202, 700, NULL, '$gateway', 'accepted'
  UNION ALL SELECT 5, 0, 91, 0, 1, 1.0, 'taken', NULL, NULL, 1000, NULL, '$gateway', NULL
  UNION ALL SELECT 6, 0, 91, 0, 1, 3.0, 'receipt', 'delivered', NULL, 2000, NULL, '$gateway', NULL
  UNION ALL SELECT 7, 0, 79, 0, NULL, 20.0, 'check', 'right', NULL, NULL, 4, NULL, NULL
  UNION ALL SELECT 8, 0, 79, 0, NULL, 20.0, 'approved', NULL, NULL, 20000, NULL, NULL, NULL
  UNION ALL SELECT 9, 0, 99, 2, 1, 0.3, 'waiting', NULL, NULL, NULL, NULL, '$gateway', 'no paired phone'
  UNION ALL SELECT 10, 80, 91, 0, NULL, 300.0, 'ended', 'expired', NULL, NULL, NULL, NULL, NULL
  UNION ALL SELECT 11, 92, 96, 0, 1, 1.0, 'attempt', 'refused', 422, 700, NULL, '$gateway', 'blocked'
  UNION ALL SELECT 12, 92, 96, 0, NULL, 300.0, 'ended', 'failed', NULL, NULL, NULL, NULL, 'blocked'
  UNION ALL SELECT 13, 97, 97, 0, NULL, 20.0, 'ended', 'canceled', NULL, NULL, NULL, NULL, NULL
  UNION ALL SELECT 14, 98, 98, 0, NULL, 20.0, 'ended', 'max_checks_reached', NULL, NULL, NULL, NULL, NULL
) AS kinds
WHERE fate BETWEEN least AND most AND if_waits BETWEEN waits AND waits + 1
ORDER BY n, position
"""

_REPLIES = """
INSERT INTO replies
  (id, dedupe_key, gateway, verification_id, app, number_masked, text, meaning, received_at, created_at)
SELECT 'rep_' || CAST(n AS text), CAST(n AS text), '$gateway', id, 'shop', '+44********' || $ending,
       'Who is this?', 'other', $at, $at
FROM $each WHERE fate = 10
"""

_NOTICES = """
INSERT INTO notices (id, channel, type, reply_id, data, created_at, due_at, attempts, told_at)
SELECT 'ntc_' || CAST(n AS text), 'webhook', 'reply.received', 'rep_' || CAST(n AS text), '{}', $at,
       CASE WHEN n % 1000 = 10 THEN $later END, 1, CASE WHEN n % 1000 > 10 THEN $after_1 END
FROM $each WHERE fate = 10
"""

_CANARIES = """
INSERT INTO canaries (id, from_sim, to_sim, sent_at, arrived_at, lost_at)
SELECT CAST(n AS text), '$gateway', '$gateway', $at,
       CASE WHEN n % 1000 <> 20 THEN $after_3 END, CASE WHEN n % 1000 = 20 THEN $after_300 END
FROM $each WHERE fate = 20
"""

_AUDIT = """
INSERT INTO audit (id, at, login, action, subject, outcome)
SELECT 'aud_' || CAST(n AS text), $at, 'operator', 'cancel', id, 'It is canceled.'
FROM $each WHERE n % 1000 = 30
"""

_TALLIES = """
INSERT INTO tallies (span, at, name, labels, bucket, count, milliseconds)
SELECT span, $earlier, name, labels, bucket, count, milliseconds
FROM tallies CROSS JOIN ($numbers) AS numbered
WHERE span > 0 AND n < CASE span WHEN 30 THEN 120 WHEN 3600 THEN 72 ELSE 30 END
"""

_STATEMENTS = (_VERIFICATIONS, _DELIVERIES, _STEPS, _REPLIES, _NOTICES, _CANARIES, _AUDIT)

COUNTED = "INSERT INTO counters (name, value) SELECT 'steps_counted', max(id) FROM steps"
"""The figures are written beside: nothing is left to count."""
LAST_WAITING = "SELECT max(verification_id) FROM deliveries WHERE status = 'waiting'"
