"""A month of a busy service, written by the database itself: what a console and a list have to search in.

The rows are what the service would have left behind: every verification with its SMS and its steps, the
figures that were counted of them, and what came in and went out beside them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from otp_worker.devtools.bench import history_statements as statements
from otp_worker.domain.keyring import Keyring
from otp_worker.domain.ports import utc_now
from otp_worker.domain.tally import BOUNDS_SECONDS, Counted, ReasonClass, Tally
from otp_worker.store import tallies
from otp_worker.store.database import Database
from otp_worker.store.tallies import Total

DAYS = 30
WAITING = timedelta(minutes=8)
"""The phone went away so long ago: what was asked for since then waits, a few codes at least."""
PERSON = "+447400123456"
"""Somebody who asked for a few codes."""
TESTER = "+447400654321"
"""Somebody who asked for one code in a thousand, as a tester's phone does."""
_AT_ONCE = 100_000
_SQLITE_CACHE_KIB = 1_000_000
_FIGURE = Total(7, 7_000)
_COUNTRIES = [statements.COUNTRIES[n : n + 2] for n in range(0, len(statements.COUNTRIES), 2)]
_REFUSALS = ("limit_number", "limit_ip", "too_soon", "country", "paused", "opted_out", "unauthenticated")


@dataclass(frozen=True, slots=True)
class History:
    """What was written: ids that lead to verifications in its middle, at its end, and to one that waits."""

    middle: str
    message: str
    request: str
    user: str
    waiting: str
    until: datetime


def write_history(db: Database, count: int, keyring: Keyring) -> History:
    """Write so many verifications, spread over the last days, and all that goes with them."""
    now = utc_now()
    first, apart = now - timedelta(days=DAYS), timedelta(days=DAYS) / count
    values = {
        "first": first.timestamp(),
        "apart": apart.total_seconds(),
        "away_since": (now - max(WAITING, 3 * apart)).timestamp(),
        "later": (now + timedelta(hours=1)).timestamp(),
        "people": _people(count),
        "person": keyring.number_hash(PERSON),
        "tester": keyring.number_hash(TESTER),
    }
    with db.engine.connect() as connection:
        _make_quick(connection, is_sqlite=db.is_sqlite)
        for begin in range(0, count, _AT_ONCE):
            part = values | {"begin": begin, "end": min(begin + _AT_ONCE, count)}
            for statement in statements.every(is_sqlite=db.is_sqlite):
                connection.execute(text(statement), part)
        connection.exec_driver_sql(statements.COUNTED)
        tallies.add(connection, tallies.at_once(now, dict.fromkeys(_tallies(), _FIGURE)))
        connection.execute(text(statements.earlier_tallies(is_sqlite=db.is_sqlite)), {"begin": 1, "end": 200})
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)" if db.is_sqlite else "VACUUM ANALYZE")
        # The next one who is given this connection must not be as careless.
        connection.invalidate()
    return _known(db, count, now)


def _make_quick(connection: Connection, *, is_sqlite: bool) -> None:
    """Spare what protects rows that are worth something."""
    if is_sqlite:
        for pragma in ("synchronous=OFF", "foreign_keys=OFF", f"cache_size=-{_SQLITE_CACHE_KIB}"):
            connection.exec_driver_sql(f"PRAGMA {pragma}")
    else:
        for setting in ("statement_timeout = 0", "synchronous_commit = off"):
            connection.exec_driver_sql(f"SET {setting}")
        # No foreign key is looked up.
        connection.exec_driver_sql("SET session_replication_role = replica")


def _people(count: int) -> int:
    return max(count // 3, 100)


def _known(db: Database, count: int, now: datetime) -> History:
    middle = count // 2
    request = statements.request_id(middle)
    by_request = text("SELECT id FROM verifications WHERE request_id = :request")
    with db.read() as connection:
        id = str(connection.execute(by_request, {"request": request}).scalar_one())
        waiting = connection.exec_driver_sql(statements.LAST_WAITING).scalar_one()
    user = statements.user(middle, _people(count))
    return History(id, statements.message_id(middle), request, user, waiting, now)


def _tallies() -> Iterator[Tally]:
    """Everything that a month of every kind of traffic counts."""
    for country in _COUNTRIES:
        for name in (Counted.ACCEPTED, Counted.APPROVED):
            yield Tally(name, (country, "sms"))
        for name in (Counted.HANDED_OVER, Counted.DELIVERED, Counted.UNDELIVERED):
            yield Tally(name, (country, statements.GATEWAY, statements.GATEWAY))
        yield Tally(Counted.NOT_ARRIVED, (country,))
        yield from (Tally(Counted.FAILED, (country, why)) for why in ReasonClass)
    yield from (Tally(Counted.REFUSED, (why,)) for why in _REFUSALS)
    yield from (Tally(Counted.CHECKS, (result,)) for result in ("right", "wrong", "locked"))
    for bucket in range(len(BOUNDS_SECONDS) + 1):
        yield Tally(Counted.ACCEPT_TO_APPROVED, (), bucket)
        for name in (
            Counted.ACCEPT_TO_GATEWAY,
            Counted.GATEWAY_TO_RECEIPT,
            Counted.ACCEPT_TO_RECEIPT,
        ):
            yield Tally(name, (statements.GATEWAY,), bucket)
        yield Tally(Counted.GATEWAY_ANSWER, (statements.GATEWAY, "accepted"), bucket)
