"""Statements for what gateways tell afterwards: receipts move a delivery forward."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, func, or_, select, update
from sqlalchemy.sql.dml import ReturningUpdate

from otp_worker.domain.gateway import Receipt, ReceiptKind
from otp_worker.domain.public_reason import SENT_AFTER_ALL
from otp_worker.domain.step import Step, StepKind, milliseconds
from otp_worker.domain.verification import OPEN, DeliveryStatus, VerificationStatus
from otp_worker.store import early_receipts, steps
from otp_worker.store.database import Database
from otp_worker.store.lifecycle import conclude_messages, end, lock_verification, start_life, tell_ended
from otp_worker.store.schema import deliveries, notices, replies, verifications

_v, _d, _r, _n = verifications.c, deliveries.c, replies.c, notices.c

_MOVES = {
    ReceiptKind.SENT: OPEN,
    ReceiptKind.DELIVERED: (*OPEN, DeliveryStatus.SENT, DeliveryStatus.UNDELIVERED),
    # A phone can report a failure after all that it reported before.
    ReceiptKind.UNDELIVERED: (*OPEN, DeliveryStatus.SENT, DeliveryStatus.DELIVERED),
    ReceiptKind.UNREACHABLE: (*OPEN, DeliveryStatus.SENT, DeliveryStatus.UNDELIVERED),
}
"""From where a receipt moves a delivery."""
_MOVED_TO = {
    ReceiptKind.SENT: (DeliveryStatus.SENT, None),
    ReceiptKind.DELIVERED: (DeliveryStatus.DELIVERED, None),
    ReceiptKind.UNDELIVERED: (DeliveryStatus.UNDELIVERED, "the gateway reports it as not delivered"),
    ReceiptKind.UNREACHABLE: (DeliveryStatus.FAILED, "the gateway reports this number as unreachable"),
}
OVER = (DeliveryStatus.EXPIRED, DeliveryStatus.FAILED, DeliveryStatus.SUPERSEDED)
"""A delivery in one of these was given up: an SMS of it that is sent after all is only noted."""
_ON_A_PHONE = (ReceiptKind.SENT, ReceiptKind.DELIVERED)
_MAY_ARRIVE = (*OPEN, DeliveryStatus.SENT, DeliveryStatus.DELIVERED)
AFTER_ALL = SENT_AFTER_ALL
_TOLD = (_d.verification_id, _d.sent_at, _d.gateway, _d.sim)


def delivery_of(db: Database, gateway: str, reference: str | None, message_id: str | None) -> str | None:
    """The id of the delivery that a gateway knows by our reference or by its own message id.

    Another gateway's delivery is none of its business.
    """
    known = _d.id == reference if reference else _d.gateway_message_id == message_id
    with db.read() as connection:
        return connection.execute(select(_d.id).where(_d.gateway == gateway, known)).scalar()


def is_kept(db: Database, delivery_id: str, gateway: str | None = None) -> bool:
    """Whether there is such a delivery; with ``gateway`` only one that no other gateway was given."""
    statement = select(_d.id).where(_d.id == delivery_id)
    if gateway is not None:
        statement = statement.where(or_(_d.gateway == gateway, _d.gateway.is_(None)))
    with db.read() as connection:
        return connection.execute(statement).first() is not None


def take_in(
    db: Database, gateway: str, receipt: Receipt, delivery_id: str | None, now: datetime
) -> tuple[str | None, bool]:
    """Note a receipt of a gateway; the delivery it is about, if one is known, and whether that moved.

    One about no delivery that is known yet is kept for the moment when the gateway's answer names it.
    """
    subject = receipt.reference or receipt.message_id
    found = delivery_id
    if found is None and subject:
        found = delivery_of(db, gateway, receipt.reference, receipt.message_id)
    if found is not None:
        return found, move_forward(db, found, receipt.kind, now, gateway)
    if not subject:
        return None, False
    early_receipts.keep(db, gateway, subject, receipt.kind, now)
    # The answer may have been written down between the two, and not have found it.
    found = delivery_of(db, gateway, receipt.reference, receipt.message_id)
    return found, found is not None and apply_early(db, found, gateway, [subject], now)


def apply_early(db: Database, delivery_id: str, gateway: str, subjects: Sequence[str], now: datetime) -> bool:
    """Note the receipts that came before it was known that they are about this delivery.

    To be called after the commit that makes it known, as a receipt is kept before the second look for its
    delivery: of the two sides, the later one sees what the other wrote. What a side deletes it has applied,
    in one transaction; after a failure the receipts are there still.
    """
    if not early_receipts.find(db, gateway, subjects):
        return False
    with db.write() as connection:
        lock_verification(connection, delivery_id.rpartition(".")[0])
        kinds = early_receipts.take(connection, gateway, subjects)
        moved = [_move_forward(connection, delivery_id, kind, now, gateway) for kind in kinds]
    return any(moved)


def move_forward(
    db: Database, delivery_id: str, kind: ReceiptKind, now: datetime, gateway: str | None = None
) -> bool:
    """Note a receipt of that gateway; False if the delivery is already as far, or over.

    An SMS that is sent although its delivery was given up changes no status, but is written down.
    """
    with db.write() as connection:
        lock_verification(connection, delivery_id.rpartition(".")[0])
        return _move_forward(connection, delivery_id, kind, now, gateway)


def _move_forward(
    connection: Connection, delivery_id: str, kind: ReceiptKind, now: datetime, gateway: str | None
) -> bool:
    moved = connection.execute(_move(delivery_id, kind, now, gateway)).first()
    noted = moved
    if moved is None and kind in _ON_A_PHONE:
        noted = connection.execute(_note_after_all(delivery_id, kind, now)).first()
    if noted is not None:
        told = {"milliseconds": milliseconds(noted.sent_at, now), "gateway": noted.gateway, "sim": noted.sim}
        steps.write(connection, [Step.of(delivery_id, now, StepKind.RECEIPT, outcome=kind, **told)])
    if moved is None:
        return False
    if kind is ReceiptKind.UNREACHABLE:
        _fail_if_nothing_arrives(connection, moved.verification_id, now)
    elif moved.sent_at == now:
        # Nobody knew that it was sent: the receipt overtook the gateway's answer, or that was lost.
        _start_life(connection, moved.verification_id, now)
    return True


def _move(delivery_id: str, kind: ReceiptKind, now: datetime, gateway: str | None) -> ReturningUpdate[str]:
    status, reason = _MOVED_TO[kind]
    delivered_at = now if kind is ReceiptKind.DELIVERED else None
    sent_at = None if kind is ReceiptKind.UNREACHABLE else now
    return (
        update(deliveries)
        .where(_d.id == delivery_id, _d.status.in_(_MOVES[kind]), *_not_said_before(kind))
        .values(
            status=status,
            sent_at=func.coalesce(_d.sent_at, sent_at),
            delivered_at=func.coalesce(_d.delivered_at, delivered_at),
            reason=reason,
            # A receipt that overtakes the answer is the first to tell over which one it was sent.
            gateway=func.coalesce(_d.gateway, gateway),
            lease_until=None,
        )
        .returning(*_TOLD)
    )


def _not_said_before(kind: ReceiptKind) -> list[ColumnElement[bool]]:
    # A repeated word that it was delivered does not undo a later one that it was not.
    return [_d.delivered_at.is_(None)] if kind is ReceiptKind.DELIVERED else []


def _note_after_all(delivery_id: str, kind: ReceiptKind, now: datetime) -> ReturningUpdate[str]:
    return (
        update(deliveries)
        .where(_d.id == delivery_id, _d.status.in_(OVER), ~func.coalesce(_d.reason, "").endswith(AFTER_ALL))
        .values(
            sent_at=func.coalesce(_d.sent_at, now),
            delivered_at=func.coalesce(_d.delivered_at, now if kind is ReceiptKind.DELIVERED else None),
            reason=func.coalesce(_d.reason, _d.status) + AFTER_ALL,
        )
        .returning(*_TOLD)
    )


def _start_life(connection: Connection, verification_id: str, now: datetime) -> None:
    """The code's life starts, or again where an earlier attempt may have sent it; a message is over."""
    row = connection.execute(select(_v.ttl_seconds, _v.last_expiry_at).where(_v.id == verification_id)).one()
    start_life(connection, verification_id, row.ttl_seconds, row.last_expiry_at, now)
    conclude_messages(connection, [verification_id], now)


def _fail_if_nothing_arrives(connection: Connection, verification_id: str, now: datetime) -> None:
    """Fail a verification of which no SMS is on its way or on a phone."""
    other = select(_d.id).where(_d.verification_id == verification_id, _d.status.in_(_MAY_ARRIVE))
    if connection.execute(other).first() is None:
        _, reason = _MOVED_TO[ReceiptKind.UNREACHABLE]
        ended = end(VerificationStatus.FAILED, now, reason, _v.id == verification_id)
        tell_ended(connection, connection.scalars(ended), VerificationStatus.FAILED, now, reason)
