"""Statements for the SMS whose gateway must be asked how far they came."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from otp_worker.store.database import Database
from otp_worker.store.schema import deliveries

_d = deliveries.c


@dataclass(frozen=True, slots=True)
class DuePoll:
    """An SMS that its gateway is to be asked about."""

    delivery_id: str
    gateway: str
    message_id: str
    sent_at: datetime


def due_polls(db: Database, now: datetime, limit: int) -> list[DuePoll]:
    """What is due to be asked, longest first."""
    statement = (
        select(_d.id, _d.gateway, _d.gateway_message_id, _d.sent_at)
        .where(_d.poll_at.is_not(None), _d.poll_at <= now, _d.sent_at.is_not(None))
        .order_by(_d.poll_at)
        .limit(limit)
    )
    with db.read() as connection:
        return [DuePoll(*row) for row in connection.execute(statement)]


def claim_poll(db: Database, delivery_id: str, now: datetime, next_at: datetime | None) -> bool:
    """Take the right to ask now; the next question, if any, is due at ``next_at``."""
    with db.update() as connection:
        claimed = connection.execute(
            update(deliveries)
            .where(_d.id == delivery_id, _d.poll_at <= now)
            .values(poll_at=next_at)
            .returning(_d.id)
        ).first()
    return claimed is not None


def stop_polling(db: Database, delivery_id: str) -> None:
    """Ask no more about an SMS."""
    with db.update() as connection:
        connection.execute(update(deliveries).where(_d.id == delivery_id).values(poll_at=None))
