"""The one way a verification ends: with it go hash, seed, what is sealed, and the SMS still on their way."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import BindParameter, ColumnElement, Connection, Select, bindparam, func, or_, select, update
from sqlalchemy.sql.dml import ReturningUpdate

from otp_worker.domain.message import CHANNEL
from otp_worker.domain.step import Step, StepKind
from otp_worker.domain.verification import OPEN, DeliveryStatus, VerificationStatus
from otp_worker.store import steps
from otp_worker.store.prepared import Prepared
from otp_worker.store.schema import Instant, deliveries, verifications

TO_CHANGE: Final[dict[str, Any]] = {"key_share": True}
"""How a verification's row is locked (FOR NO KEY UPDATE): whoever writes a step of it waits for nobody.

A step refers to its verification. Under a stricter lock, who holds a delivery and writes a step would wait
for who holds the verification and waits for that delivery.
"""
EACH = deliveries.alias("each")
"""The deliveries, as ``in_order`` names them."""

Life = tuple[str, int, datetime, datetime]
"""A verification, for how many seconds its code lives, until when at the latest, and since when."""

_v, _d, _each = verifications.c, deliveries.c, EACH.c


def wiped() -> dict[Any, Any]:
    """The values that leave nothing to make or judge a code with."""
    return {_v.seed: None, _v.code_hash: None, _v.token_hash: None, _v.sealed: None, _v.link_hash: None}


def lock_verification(connection: Connection, verification_id: str) -> None:
    """Take a verification's row before its deliveries', as every transaction does that changes both."""
    connection.execute(select(_v.id).where(_v.id == verification_id).with_for_update(**TO_CHANGE))


def in_order(*where: ColumnElement[bool]) -> Select[str]:
    """The ids of the deliveries (of ``EACH``) that ``where`` names, locked from the lowest to the highest.

    Two statements that change many and meet on several of them would else wait for each other.
    """
    return select(_each.id).where(*where).order_by(_each.id).with_for_update()


def start_life(
    connection: Connection, verification_id: str, ttl_seconds: int, last_expiry_at: datetime, now: datetime
) -> None:
    """The code was handed over, or may have been: from now on it lives, and can be entered.

    What time has ended stays so, even before the sweep has written that down.
    """
    _START_LIFE.run(connection, [_life(verification_id, ttl_seconds, last_expiry_at, now)])


def start_lives(connection: Connection, lives: Sequence[Life]) -> None:
    """The same for several verifications, in this order."""
    _START_LIFE.run(connection, [_life(*each) for each in lives])


def _life(
    verification_id: str, ttl_seconds: int, last_expiry_at: datetime, now: datetime
) -> dict[str, object]:
    until = min(now + timedelta(seconds=ttl_seconds), last_expiry_at)
    return {"this": verification_id, "now": now, "until": until}


# Made once: every SMS that is handed over starts or prolongs a life.
_START_LIFE = Prepared(
    update(verifications)
    .where(
        _v.id == bindparam("this"),
        _v.status == VerificationStatus.PENDING,
        _v.expires_at > bindparam("now", type_=Instant()),
    )
    .values(
        handed_at=func.coalesce(_v.handed_at, bindparam("now", type_=Instant())),
        expires_at=bindparam("until", type_=Instant()),
    )
)


def conclude_messages(connection: Connection, ids: Sequence[str], now: datetime) -> None:
    """End those of these rows that are messages: an SMS was, or may have been, sent, and none follows.

    ``approved`` is the word that every version knows for a row that came to what it was asked for.
    """
    if ids:
        connection.execute(_CONCLUDE, [{"this": each, "now": now} for each in ids])


def end(
    status: VerificationStatus,
    now: datetime | BindParameter[datetime],
    reason: str | None,
    *where: ColumnElement[bool],
) -> ReturningUpdate[str]:
    """An UPDATE that ends the pending verifications which ``where`` names, and wipes them."""
    return (
        update(verifications)
        .where(_v.status == VerificationStatus.PENDING, *where)
        .values({_v.status: status, _v.reason: reason, _v.ended_at: now, **wiped()})
        .returning(_v.id)
    )


_CONCLUDE = (
    update(verifications)
    .where(_v.id == bindparam("this"), _v.channel == CHANNEL, _v.status == VerificationStatus.PENDING)
    .values(
        {
            _v.status: VerificationStatus.APPROVED,
            _v.handed_at: func.coalesce(_v.handed_at, bindparam("now", type_=Instant())),
            _v.ended_at: bindparam("now", type_=Instant()),
            **wiped(),
        }
    )
)


def close_deliveries(connection: Connection, ended: list[str], reason: str) -> None:
    """Call back the SMS of ended verifications that are not sent yet."""
    if ended:
        connection.execute(
            update(deliveries)
            .where(_d.id.in_(in_order(_each.verification_id.in_(ended), _each.status.in_(OPEN))))
            .values(status=DeliveryStatus.SUPERSEDED, reason=reason, lease_until=None)
        )


def fail_if_nothing_was_sent(
    connection: Connection, verification_ids: list[str], now: datetime, reason: str
) -> None:
    """Fail those of the verifications of which no SMS was, may have been, or can still be sent.

    A message that cannot be sent any more is over, even if it may have been sent: nobody enters it.
    """
    steps.write(connection, failed_unsent(connection, verification_ids, now, reason))


def failed_unsent(
    connection: Connection, verification_ids: list[str], now: datetime, reason: str
) -> list[Step]:
    """The same, with the steps that are yet to be written."""
    still_open = select(_d.id).where(_d.verification_id == _v.id, _d.status.in_(OPEN)).exists()
    failed = end(
        VerificationStatus.FAILED,
        now,
        reason,
        _v.id.in_(verification_ids),
        or_(_v.handed_at.is_(None), _v.channel == CHANNEL),
        ~still_open,
    )
    ended = connection.execute(failed).scalars()
    return [
        Step(now, StepKind.ENDED, each, outcome=VerificationStatus.FAILED, detail=reason) for each in ended
    ]


def tell_ended(
    connection: Connection,
    ended: Iterable[str],
    status: VerificationStatus,
    now: datetime,
    reason: str | None,
) -> None:
    """Write the steps of verifications that were ended."""
    told = [Step(now, StepKind.ENDED, each, outcome=status, detail=reason) for each in sorted(ended)]
    steps.write(connection, told)
