"""Statements of a resend: one more delivery of a verification that is pending."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, or_, select, update

from otp_worker.domain.errors import NotFoundError, OtpError
from otp_worker.domain.limits import Bucket, Remaining
from otp_worker.domain.recipient import EmailAddress
from otp_worker.domain.step import Step, StepKind
from otp_worker.domain.verification import OPEN, Verification, VerificationStatus
from otp_worker.store import steps
from otp_worker.store.database import Database
from otp_worker.store.issue import Recipient, SendPreconditions
from otp_worker.store.lifecycle import lock_verification
from otp_worker.store.new_delivery import NewDelivery, delivery_as_written, insert_deliveries
from otp_worker.store.schema import deliveries, verification_buckets, verifications

_v, _d, _b = verifications.c, deliveries.c, verification_buckets.c


class ResendNotAllowedError(OtpError):
    """A resend is too soon, or another SMS is on its way, or the verification is over."""


def as_resent(found: Verification, new: NewDelivery, next_resend_at: datetime) -> Verification:
    """A verification as it stood when one more delivery of it was written."""
    return replace(found, newest_delivery=delivery_as_written(new), resend_at=next_resend_at)


def recipient(db: Database, verification_id: str) -> Recipient:
    """Who a verification's code goes to. Raises NotFoundError once its number or address is forgotten."""
    statement = select(_v.number, _v.email, _v.country, _v.ip_hash).where(
        _v.id == verification_id, or_(_v.number.is_not(None), _v.email.is_not(None))
    )
    with db.read() as connection:
        row = connection.execute(statement).first()
        if row is None:
            raise NotFoundError("there is no such verification")
        rows = connection.execute(select(verification_buckets).where(_b.verification_id == verification_id))
        buckets = tuple(Bucket(each.name, (each.bucket_hash,)) for each in rows)
    return Recipient(row.number or EmailAddress(row.email).identity, row.country, row.ip_hash, buckets)


def is_on_its_way(db: Database, verification_id: str) -> bool:
    """Whether a delivery may still become an SMS."""
    with db.read() as connection:
        return _is_on_its_way(connection, verification_id)


def insert_resend(
    db: Database, new: NewDelivery, next_resend_at: datetime, guard: SendPreconditions
) -> list[Remaining]:
    """Write one more delivery; what the guard's limits leave.

    Raises ResendNotAllowedError, and as the guard does.
    """
    with db.write() as connection:
        lock_verification(connection, new.verification_id)
        # Another resend at the same moment may have come first, and be sent already.
        came_first = connection.execute(select(_d.id).where(_d.id == new.id)).first()
        if came_first or _is_on_its_way(connection, new.verification_id):
            raise ResendNotAllowedError
        taken = connection.execute(
            update(verifications)
            .where(
                _v.id == new.verification_id,
                _v.status == VerificationStatus.PENDING,
                _v.expires_at > new.created_at,
                _v.resend_at <= new.created_at,
            )
            .values(resend_at=next_resend_at)
        )
        if not taken.rowcount:
            raise ResendNotAllowedError
        guard.begin(connection, new.verification_id, new.created_at)
        left = guard.count(connection, new.created_at)
        insert_deliveries(connection, [new])
        asked = Step(new.created_at, StepKind.RESEND, new.verification_id, delivery_number=new.number)
        steps.write(connection, [asked, *new.waits])
    return left


def _is_on_its_way(connection: Connection, verification_id: str) -> bool:
    statement = select(_d.id).where(_d.verification_id == verification_id, _d.status.in_(OPEN))
    return connection.execute(statement).first() is not None
