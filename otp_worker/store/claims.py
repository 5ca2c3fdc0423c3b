"""The claim on a delivery: when it can be made, making it, and whether it holds still."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import BindParameter, Connection, Update, and_, bindparam, case, or_, select, update

from otp_worker.domain.verification import DeliveryStatus, VerificationStatus
from otp_worker.store.database import Database
from otp_worker.store.prepared import Prepared
from otp_worker.store.schema import Instant, deliveries, verifications

_v, _d = verifications.c, deliveries.c
NOT_CLAIMED = (DeliveryStatus.QUEUED, DeliveryStatus.WAITING)


class Claim(Protocol):
    """What tells a claim from every other one: the attempt's number and the end of its lease."""

    @property
    def delivery_id(self) -> str:
        """Of what it is a claim."""

    @property
    def attempt(self) -> int:
        """Its number, from 1."""

    @property
    def lease_until(self) -> datetime:
        """When another worker may claim it."""


def due_at(db: Database, delivery_id: str) -> datetime | None:
    """When a delivery that nobody has claimed is due; None if it is claimed or over."""
    statement = select(_d.due_at).where(_d.id == delivery_id, _d.status.in_(NOT_CLAIMED))
    with db.read() as connection:
        return connection.execute(statement).scalar()


def status(db: Database, delivery_id: str) -> DeliveryStatus | None:
    """How far a delivery is; None if there is none of that id."""
    with db.read() as connection:
        found = connection.execute(select(_d.status).where(_d.id == delivery_id)).scalar()
    return None if found is None else DeliveryStatus(found)


def take(connection: Connection, delivery_id: str, now: datetime, until: datetime) -> Any:
    """Claim a delivery by a lease that ends at ``until``; None if it is not due, over, or another's."""
    return _TAKE.first(connection, {"this": delivery_id, "now": now, "until": until})


def take_all(connection: Connection, until: Mapping[str, datetime], now: datetime) -> list[str]:
    """Claim those of the deliveries that can be claimed, each by a lease of its own; which these are.

    They are locked in the order of their ids, and judged when they are.
    """
    due = [row.id for row in _DUE.rows(connection, {"these": list(until), "now": now})]
    if due:
        _TAKE_LOCKED.run(connection, [{"this": each, "until": until[each]} for each in due])
    return due


def holds(db: Database, claim: Claim, now: datetime) -> bool:
    """Whether this attempt has its lease still, and the code is wanted still.

    No later attempt was made, no receipt and no cancellation came, and time has not ended it.
    """
    with db.read() as connection:
        asked = {"this": claim.delivery_id, "attempt": claim.attempt, "until": claim.lease_until, "now": now}
        return bool(_HOLDS.rows(connection, asked))


def update_claimed(claim: Claim) -> Update:
    """An UPDATE of a claimed delivery that changes nothing once the claim is over or another's.

    A delivery that is put back counts no attempt: the next claim has the same number, and another lease.
    """
    return update(deliveries).where(
        _d.id == claim.delivery_id,
        _d.attempts == claim.attempt,
        _d.lease_until == claim.lease_until,
        _d.status == DeliveryStatus.SENDING,
    )


_NOW: BindParameter[datetime] = bindparam("now", type_=Instant())

# Made once: every delivery is claimed, and asks for its claim right before it is handed over.
_CAN_BE_TAKEN = or_(
    and_(or_(*(_d.status == each for each in NOT_CLAIMED)), or_(_d.attempts == 0, _d.due_at <= _NOW)),
    and_(_d.status == DeliveryStatus.SENDING, _d.lease_until <= _NOW),
)
_TAKEN = (
    update(deliveries)
    .where(_d.id == bindparam("this"))
    .values(
        status=DeliveryStatus.SENDING,
        attempts=_d.attempts + 1,
        abandoned=_d.abandoned + case((_d.status == DeliveryStatus.SENDING, 1), else_=0),
        lease_until=bindparam("until", type_=Instant()),
    )
)
_TAKE_LOCKED = Prepared(_TAKEN)
_TAKE = Prepared(
    _TAKEN.where(_CAN_BE_TAKEN).returning(
        _d.verification_id,
        _d.attempts,
        _d.abandoned,
        _d.uncertain,
        _d.created_at,
        _d.deadline_at,
        _d.sim,
        _d.reason,
        _d.lease_until,
        _d.priority,
        _d.route,
    )
)
_DUE = Prepared(
    select(_d.id)
    .where(_d.id.in_(bindparam("these", expanding=True)), _CAN_BE_TAKEN)
    .order_by(_d.id)
    .with_for_update()
)
_HOLDS = Prepared(
    select(_d.id)
    .join(verifications, _v.id == _d.verification_id)
    .where(
        _d.id == bindparam("this"),
        _d.attempts == bindparam("attempt"),
        _d.lease_until == bindparam("until", type_=Instant()),
        _d.status == DeliveryStatus.SENDING,
        _d.lease_until > _NOW,
        _d.deadline_at > _NOW,
        _v.status == VerificationStatus.PENDING,
        _v.expires_at > _NOW,
    )
)
