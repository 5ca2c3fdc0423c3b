"""Questions about a claim on a delivery: when it can be made, and whether it holds still."""

from datetime import datetime

from sqlalchemy import BindParameter, bindparam, select

from otp_worker.domain.verification import DeliveryStatus, VerificationStatus
from otp_worker.store.database import Database
from otp_worker.store.schema import Instant, deliveries, verifications

_v, _d = verifications.c, deliveries.c
NOT_CLAIMED = (DeliveryStatus.QUEUED, DeliveryStatus.WAITING)


def due_at(db: Database, delivery_id: str) -> datetime | None:
    """When a delivery that nobody has claimed is due; None if it is claimed or over."""
    statement = select(_d.due_at).where(_d.id == delivery_id, _d.status.in_(NOT_CLAIMED))
    with db.read() as connection:
        return connection.execute(statement).scalar()


def holds(db: Database, delivery_id: str, attempt: int, now: datetime) -> bool:
    """Whether this attempt has its lease still, and the code is wanted still.

    No later attempt was made, no receipt and no cancellation came, and time has not ended it.
    """
    with db.read() as connection:
        asked = {"this": delivery_id, "attempt": attempt, "now": now}
        return connection.execute(_HOLDS, asked).first() is not None


_NOW: BindParameter[datetime] = bindparam("now", type_=Instant())

# Made once: every delivery asks right before it is handed over.
_HOLDS = (
    select(_d.id)
    .join(verifications, _v.id == _d.verification_id)
    .where(
        _d.id == bindparam("this"),
        _d.attempts == bindparam("attempt"),
        _d.status == DeliveryStatus.SENDING,
        _d.lease_until > _NOW,
        _d.deadline_at > _NOW,
        _v.status == VerificationStatus.PENDING,
        _v.expires_at > _NOW,
    )
)
