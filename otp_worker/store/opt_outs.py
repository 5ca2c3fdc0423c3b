"""Statements for the numbers whose people want no SMS."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BindParameter, Connection, bindparam, delete, null, or_, select, union_all, update

from otp_worker.domain.errors import NumberReportedError, OptedOutError, OtpError
from otp_worker.domain.message import CHANNEL
from otp_worker.domain.verification import DeliveryStatus, VerificationStatus
from otp_worker.store.database import Database, insert_missing
from otp_worker.store.lifecycle import EACH, TO_CHANGE, fail_if_nothing_was_sent, in_order
from otp_worker.store.prepared import Prepared
from otp_worker.store.schema import Instant, deliveries, number_guards, opt_outs, verifications

_o, _n, _v, _d = opt_outs.c, number_guards.c, verifications.c, deliveries.c

WANTS_NO_SMS = "the person wants no SMS"


@dataclass(frozen=True, slots=True)
class OptOut:
    """A number, masked, and when its person texted STOP."""

    number_masked: str
    stopped_at: datetime


def stop(
    connection: Connection, number_hashes: list[bytes], masked: str, at: datetime, now: datetime
) -> bool:
    """Send nothing more to a number, from the instant of its STOP; call back what no worker has in hand.

    Its verifications fail unless an SMS of theirs was, may have been, or may yet be sent. False if it was
    opted out before.
    """
    is_news = not _is_opted_out(connection, number_hashes)
    insert_missing(connection, opt_outs, number_hash=number_hashes[0], number_masked=masked, stopped_at=at)
    earlier = update(opt_outs).where(_o.number_hash.in_(number_hashes), _o.stopped_at < at)
    connection.execute(earlier.values(stopped_at=at))
    mine = (
        select(_v.id)
        .where(
            _v.number_hash.in_(number_hashes),
            _v.status == VerificationStatus.PENDING,
            _v.test.is_(False),
            # Where the person texts us, nothing is sent.
            or_(_v.token_hash.is_(None), _v.channel == CHANNEL),
        )
        .order_by(_v.id)
        .with_for_update(**TO_CHANGE)
    )
    pending = list(connection.execute(mine).scalars())
    connection.execute(
        update(deliveries)
        .where(
            _d.id.in_(
                in_order(
                    EACH.c.verification_id.in_(pending),
                    EACH.c.status.in_((DeliveryStatus.QUEUED, DeliveryStatus.WAITING)),
                )
            )
        )
        .values(status=DeliveryStatus.SUPERSEDED, reason=WANTS_NO_SMS)
    )
    fail_if_nothing_was_sent(connection, pending, now, WANTS_NO_SMS)
    return is_news


def start(connection: Connection, number_hashes: list[bytes], at: datetime) -> bool:
    """Let a number be sent to again; False if there is no STOP from before then."""
    gone = delete(opt_outs).where(_o.number_hash.in_(number_hashes), _o.stopped_at <= at)
    return bool(connection.execute(gone).rowcount)


def refuse_opted_out(db: Database, number_hashes: list[bytes]) -> None:
    """Raise OptedOutError if the number's person wants no SMS."""
    with db.read() as connection:
        if _is_opted_out(connection, number_hashes):
            raise OptedOutError


def _is_opted_out(connection: Connection, number_hashes: list[bytes]) -> bool:
    return bool(_OF_NUMBER.rows(connection, {"hashes": number_hashes}))


# Made once: every send and every delivery asks.
_OF_NUMBER = Prepared(select(_o.stopped_at).where(_o.number_hash.in_(bindparam("hashes", expanding=True))))


def list_opt_outs(db: Database) -> list[OptOut]:
    """Every number that is opted out, the last one first."""
    statement = select(_o.number_masked, _o.stopped_at).order_by(_o.stopped_at.desc())
    with db.read() as connection:
        return [OptOut(*row) for row in connection.execute(statement)]


def remove(db: Database, number_hashes: list[bytes]) -> bool:
    """Let a number be sent to again; False if it was not opted out."""
    with db.update() as connection:
        gone = delete(opt_outs).where(_o.number_hash.in_(number_hashes))
        return bool(connection.execute(gone).rowcount)


def refusals(
    connection: Connection, numbers: Sequence[Sequence[bytes]], now: datetime
) -> list[OtpError | None]:
    """For each number, by all its hashes, why nothing may be sent to it, if so."""
    hashes = [each for number in numbers for each in number]
    if not hashes:
        return [None] * len(numbers)
    wishes: dict[bytes, list[datetime | None]] = {}
    for number_hash, until in _WISHES.rows(connection, {"hashes": hashes, "now": now}):
        wishes.setdefault(number_hash, []).append(until)
    return [_refusal([until for each in number for until in wishes.get(each, [])]) for number in numbers]


def refuse_unwanted(connection: Connection, number_hashes: Sequence[bytes], now: datetime) -> None:
    """Raise OptedOutError or NumberReportedError if the number's person wants nothing to be sent."""
    refusal = refusals(connection, [number_hashes], now)[0]
    if refusal is not None:
        raise refusal


def _refusal(wishes: list[datetime | None]) -> OtpError | None:
    if None in wishes:
        return OptedOutError()
    reported_until = max((until for until in wishes if until is not None), default=None)
    return None if reported_until is None else NumberReportedError(reported_until)


# Made once: every send asks.
_HASHES: BindParameter[list[bytes]] = bindparam("hashes", expanding=True)
_WISHES = Prepared(
    union_all(
        select(_o.number_hash, null().cast(Instant()).label("until")).where(_o.number_hash.in_(_HASHES)),
        select(_n.number_hash, _n.reported_until).where(
            _n.number_hash.in_(_HASHES), _n.reported_until > bindparam("now", type_=Instant())
        ),
    )
)
