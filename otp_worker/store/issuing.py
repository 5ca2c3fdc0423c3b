"""Statements of the first step: write a verification and its deliveries, or call it back."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from otp_worker.model import OPEN, Delivery, DeliveryStatus, Verification, VerificationStatus
from otp_worker.store.database import Database
from otp_worker.store.ending import close_deliveries, end
from otp_worker.store.schema import deliveries, verifications

_v, _d = verifications.c, deliveries.c


@dataclass(frozen=True, slots=True)
class NewVerification:
    """A verification as it is first written."""

    id: str
    app: str
    test: bool
    number: str
    number_hash: bytes
    number_masked: str
    country: str
    user: str | None
    channel: str
    template: str | None
    language: str
    ip: str | None
    key_id: str
    code_length: int
    seed: bytes
    max_checks: int
    ttl_seconds: int
    created_at: datetime
    expires_at: datetime
    last_expiry_at: datetime
    resend_at: datetime


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """A delivery as it is first written; ``published_at`` is None where it must wait for the sweep."""

    verification_id: str
    number: int
    status: DeliveryStatus
    reason: str | None
    created_at: datetime
    deadline_at: datetime
    published_at: datetime | None

    @property
    def id(self) -> str:
        """The verification's id with the delivery's number: who knows the one finds the other."""
        return f"{self.verification_id}.{self.number}"


def insert_verification(db: Database, new: NewVerification, first: NewDelivery) -> None:
    """Write a verification and its first delivery in one transaction."""
    with db.write() as connection:
        connection.execute(
            insert(verifications).values(
                id=new.id,
                app=new.app,
                test=new.test,
                status=VerificationStatus.PENDING,
                number=new.number,
                number_hash=new.number_hash,
                number_masked=new.number_masked,
                country=new.country,
                user=new.user,
                channel=new.channel,
                template=new.template,
                language=new.language,
                ip=new.ip,
                key_id=new.key_id,
                code_length=new.code_length,
                seed=new.seed,
                checks=0,
                failed_checks=0,
                max_checks=new.max_checks,
                ttl_seconds=new.ttl_seconds,
                created_at=new.created_at,
                expires_at=new.expires_at,
                last_expiry_at=new.last_expiry_at,
                resend_at=new.resend_at,
            )
        )
        connection.execute(insert(deliveries).values(_values(first)))


def as_written(new: NewVerification, first: NewDelivery) -> Verification:
    """The new verification as it stood when it was written, whatever became of it since."""
    return Verification(
        id=new.id,
        app=new.app,
        status=VerificationStatus.PENDING,
        reason=None,
        to=new.number_masked,
        user=new.user,
        channel=new.channel,
        checks=0,
        max_checks=new.max_checks,
        created_at=new.created_at,
        expires_at=new.expires_at,
        resend_at=new.resend_at,
        ended_at=None,
        delivery=Delivery(
            id=first.id,
            status=first.status,
            attempts=0,
            gateway=None,
            reason=first.reason,
            created_at=first.created_at,
            due_at=first.created_at,
            deadline_at=first.deadline_at,
            sent_at=None,
            delivered_at=None,
        ),
    )


def take_resend(db: Database, verification_id: str, now: datetime, next_resend_at: datetime) -> bool:
    """Use up the right to one resend; False if it is too soon or the verification is over."""
    with db.update() as connection:
        taken = connection.execute(
            update(verifications)
            .where(
                _v.id == verification_id,
                _v.status == VerificationStatus.PENDING,
                _v.expires_at > now,
                _v.resend_at <= now,
            )
            .values(resend_at=next_resend_at)
            .returning(_v.id)
        ).first()
    return taken is not None


def open_delivery(db: Database, verification_id: str) -> str | None:
    """The id of the delivery that is still on its way, if there is one."""
    with db.read() as connection:
        return connection.execute(
            select(_d.id).where(_d.verification_id == verification_id, _d.status.in_(OPEN))
        ).scalar()


def insert_delivery(db: Database, new: NewDelivery) -> bool:
    """Write one more delivery; False if another one is on its way or the verification has ended."""
    try:
        with db.write() as connection:
            pending = connection.execute(
                select(_v.id)
                .where(_v.id == new.verification_id, _v.status == VerificationStatus.PENDING)
                .with_for_update()
            ).first()
            if pending is None:
                return False
            connection.execute(insert(deliveries).values(_values(new)))
    except IntegrityError:
        return False
    return True


def cancel(db: Database, verification_id: str, app: str, now: datetime) -> bool:
    """End a pending verification as canceled; False if there is none of that app."""
    with db.write() as connection:
        ended = list(
            connection.execute(
                end(
                    VerificationStatus.CANCELED,
                    now,
                    None,
                    _v.id == verification_id,
                    _v.app == app,
                    _v.expires_at > now,
                )
            ).scalars()
        )
        close_deliveries(connection, ended, "canceled before it was sent")
    return bool(ended)


def _values(new: NewDelivery) -> dict[str, object]:
    return {
        "id": new.id,
        "verification_id": new.verification_id,
        "status": new.status,
        "reason": new.reason,
        "attempts": 0,
        "abandoned": 0,
        "uncertain": 0,
        "created_at": new.created_at,
        "due_at": new.created_at,
        "deadline_at": new.deadline_at,
        "published_at": new.published_at,
    }
