"""Statements for what gateways tell afterwards: receipts move a delivery forward, replies are kept once."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, insert, select, type_coerce, update
from sqlalchemy.exc import IntegrityError

from otp_worker.gateways.gateway import ReceiptKind
from otp_worker.model import OPEN, DeliveryStatus
from otp_worker.store.database import Database
from otp_worker.store.ending import lock_verification, start_life
from otp_worker.store.noticing import insert_notices
from otp_worker.store.schema import Instant, deliveries, notices, replies, verifications

_v, _d, _r, _n = verifications.c, deliveries.c, replies.c, notices.c

REPLY_RECEIVED = "reply.received"

_FORWARD_FROM = {
    ReceiptKind.SENT: OPEN,
    ReceiptKind.DELIVERED: (*OPEN, DeliveryStatus.SENT, DeliveryStatus.UNDELIVERED),
    ReceiptKind.UNDELIVERED: (DeliveryStatus.SENT,),
}


@dataclass(frozen=True, slots=True)
class StoredReply:
    """A reply as it is kept: runs of digits that could be a code are starred out.

    ``forwarded_at`` is when support was last told of it.
    """

    id: str
    gateway: str
    verification_id: str | None
    app: str | None
    number: str | None
    number_masked: str
    text: str
    received_at: datetime
    forwarded_at: datetime | None


def delivery_of_message(db: Database, gateway: str, message_id: str) -> str | None:
    """The id of the delivery that a gateway knows by its own message id."""
    with db.read() as connection:
        return connection.execute(
            select(_d.id).where(_d.gateway == gateway, _d.gateway_message_id == message_id)
        ).scalar()


def move_forward(db: Database, delivery_id: str, kind: ReceiptKind, now: datetime) -> bool:
    """Note a receipt; False if the delivery is already as far, or over."""
    delivered_at = now if kind is ReceiptKind.DELIVERED else None
    with db.write() as connection:
        lock_verification(connection, delivery_id.rpartition(".")[0])
        moved = connection.execute(
            update(deliveries)
            .where(_d.id == delivery_id, _d.status.in_(_FORWARD_FROM[kind]))
            .values(
                status=DeliveryStatus(kind.value),
                sent_at=func.coalesce(_d.sent_at, now),
                delivered_at=func.coalesce(_d.delivered_at, delivered_at),
                reason=None
                if kind is not ReceiptKind.UNDELIVERED
                else "the gateway reports it as not delivered",
            )
            .returning(_d.verification_id)
        ).first()
        if moved is None:
            return False
        # A receipt can overtake the gateway's own answer: then the code's life starts with it.
        row = connection.execute(
            select(_v.ttl_seconds, _v.last_expiry_at, _v.handed_at).where(_v.id == moved.verification_id)
        ).one()
        if row.handed_at is None:
            start_life(connection, moved.verification_id, row.ttl_seconds, row.last_expiry_at, now)
    return True


def keep_reply(
    db: Database, reply: StoredReply, dedupe_key: str, now: datetime, *, channels: Iterable[str]
) -> list[str] | None:
    """Keep a reply, with a notice of it for each channel; the notices' ids, None if it is kept already."""
    try:
        with db.write() as connection:
            connection.execute(
                insert(replies).values(
                    id=reply.id,
                    dedupe_key=dedupe_key,
                    gateway=reply.gateway,
                    verification_id=reply.verification_id,
                    app=reply.app,
                    number=reply.number,
                    number_masked=reply.number_masked,
                    text=reply.text,
                    received_at=reply.received_at,
                    created_at=now,
                )
            )
            return insert_notices(connection, channels, REPLY_RECEIVED, {}, now, reply.id)
    except IntegrityError:
        return None


def find_reply(db: Database, reply_id: str) -> StoredReply | None:
    """A reply as it is kept."""
    with db.read() as connection:
        row = connection.execute(_replies().where(_r.id == reply_id)).first()
    return _stored(row) if row else None


def newest_replies(db: Database, limit: int) -> list[StoredReply]:
    """The replies that came last, newest first."""
    with db.read() as connection:
        rows = connection.execute(_replies().order_by(_r.created_at.desc()).limit(limit)).all()
    return [_stored(row) for row in rows]


def _replies() -> Select[Any]:
    told_at = select(func.max(_n.told_at)).where(_n.reply_id == _r.id).scalar_subquery()
    return select(replies, type_coerce(told_at, Instant).label("forwarded_at"))


def _stored(row: Row[Any]) -> StoredReply:
    return StoredReply(
        id=row.id,
        gateway=row.gateway,
        verification_id=row.verification_id,
        app=row.app,
        number=row.number,
        number_masked=row.number_masked,
        text=row.text,
        received_at=row.received_at,
        forwarded_at=row.forwarded_at,
    )
