"""Statements for deliveries on their way, whichever step asks."""

from datetime import datetime

from sqlalchemy import case, func, select, update

from otp_worker.domain.step import Step, StepKind
from otp_worker.domain.verification import OPEN, DeliveryStatus
from otp_worker.store import steps
from otp_worker.store.database import Database
from otp_worker.store.lifecycle import EACH, in_order
from otp_worker.store.schema import ENDED_UNPUBLISHED, IS_OPEN, deliveries

_d = deliveries.c

_NOT_CLAIMED = (DeliveryStatus.QUEUED, DeliveryStatus.WAITING)


def mark_published(db: Database, delivery_ids: list[str], published_at: datetime | None) -> None:
    """Remember that these deliveries were put on the queue at that instant, or are not on it."""
    these = in_order(EACH.c.id.in_(delivery_ids))
    with db.update() as connection:
        connection.execute(update(deliveries).where(_d.id.in_(these)).values(published_at=published_at))


def mark_published_again(db: Database, delivery_ids: list[str], now: datetime) -> None:
    """The same of deliveries that no worker took up since they were published, and tell of it."""
    these = in_order(EACH.c.id.in_(delivery_ids))
    statement = update(deliveries).where(_d.id.in_(these)).values(published_at=now)
    with db.write() as connection:
        again = connection.execute(statement.returning(_d.id)).scalars()
        steps.write(connection, [Step.of(each, now, StepKind.PUBLISHED) for each in again])


def ended_unpublished(db: Database, due_after: datetime, limit: int) -> dict[str, str]:
    """The deliveries that ended while they were not on the queue, each with what it came to, for people."""
    statement = (
        select(_d.id, _d.status, _d.reason)
        .where(ENDED_UNPUBLISHED, _d.deadline_at > due_after)
        .order_by(_d.deadline_at)
        .limit(limit)
    )
    with db.read() as connection:
        rows = connection.execute(statement).all()
    return {row.id: f"{row.status}: {row.reason}" if row.reason else row.status for row in rows}


def oldest_due(db: Database, now: datetime) -> datetime | None:
    """Since when the oldest delivery that is on the queue and due has been waiting for a worker.

    What waited in the database for a phone or for the broker waits for a worker only since it was published.
    """
    since = case((_d.published_at > _d.due_at, _d.published_at), else_=_d.due_at)
    statement = select(func.min(since)).where(
        IS_OPEN,
        _d.status.in_(_NOT_CLAIMED),
        _d.published_at.is_not(None),
        _d.due_at <= now,
        _d.deadline_at > now,
    )
    with db.read() as connection:
        return connection.execute(statement).scalar()


def waiting(db: Database) -> tuple[int, datetime | None]:
    """How many deliveries wait in the database, and when the first of them is given up."""
    statement = select(func.count(), func.min(_d.deadline_at)).where(
        IS_OPEN, _d.status == DeliveryStatus.WAITING
    )
    with db.read() as connection:
        number, first = connection.execute(statement).one()
    return int(number), first


def count_open(db: Database) -> dict[DeliveryStatus, int]:
    """How many deliveries are on their way, by status."""
    statement = select(_d.status, func.count()).where(IS_OPEN).group_by(_d.status)
    with db.read() as connection:
        counted = {DeliveryStatus(status): number for status, number in connection.execute(statement)}
    return {status: counted.get(status, 0) for status in OPEN}
