"""Statements for looking at the events of an endpoint, and for telling it of one again."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, and_, insert, select, update
from ulid import ULID

from otp_worker.domain.event import TEST
from otp_worker.store.batches import delete_where
from otp_worker.store.database import Database
from otp_worker.store.schema import endpoint_events, endpoints

_n, _e = endpoint_events.c, endpoints.c


class EventState(StrEnum):
    """How far an event came."""

    WAITING = "waiting"
    TAKEN = "taken"
    GIVEN_UP = "given_up"


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """An event on its way to one endpoint; ``answer`` is what came of the last attempt."""

    id: str
    endpoint_id: str
    verification_id: str | None
    type: str
    at: datetime
    due_at: datetime | None
    attempts: int
    taken_at: datetime | None
    answer: str | None

    @property
    def state(self) -> EventState:
        """How far it came."""
        if self.taken_at is not None:
            return EventState.TAKEN
        return EventState.WAITING if self.due_at is not None else EventState.GIVEN_UP


def newest(
    db: Database, endpoint_id: str, limit: int, *, before: str | None = None, state: EventState | None = None
) -> list[LoggedEvent]:
    """The events of an endpoint, the newest first; those before the one of that id."""
    statement = select(endpoint_events).where(_n.endpoint_id == endpoint_id)
    if before is not None:
        statement = statement.where(_n.id < before)
    if state is not None:
        statement = statement.where(_IN_STATE[state])
    with db.read() as connection:
        return [logged(row) for row in connection.execute(statement.order_by(_n.id.desc()).limit(limit))]


def find(db: Database, endpoint_id: str, event_id: str) -> LoggedEvent | None:
    """One event of an endpoint."""
    statement = select(endpoint_events).where(_n.endpoint_id == endpoint_id, _n.id == event_id)
    with db.read() as connection:
        row = connection.execute(statement).first()
    return logged(row) if row else None


def send_again(db: Database, endpoint_id: str, event_id: str, now: datetime) -> bool:
    """Have an event posted at once, under its id; False if there is no such one any more."""
    again = update(endpoint_events).where(_n.endpoint_id == endpoint_id, _n.id == event_id)
    with db.write() as connection:
        sent = connection.execute(again.values(due_at=now, attempts=0, taken_at=None)).rowcount
        connection.execute(update(endpoints).where(_e.id == endpoint_id).values(retry_at=None))
    return bool(sent)


def insert_test(db: Database, endpoint_id: str, now: datetime) -> LoggedEvent:
    """Have an endpoint told of a test."""
    test = LoggedEvent(f"evt_{ULID.from_datetime(now)}", endpoint_id, None, TEST, now, now, 0, None, None)
    with db.write() as connection:
        row = {"id": test.id, "endpoint_id": endpoint_id, "type": TEST, "at": now}
        connection.execute(insert(endpoint_events).values(**row, due_at=now, attempts=0))
        connection.execute(update(endpoints).where(_e.id == endpoint_id).values(retry_at=None))
    return test


def purge(db: Database, before: datetime) -> int:
    """Delete the tests from before then; every other event goes with its verification."""
    return delete_where(db, endpoint_events, _n.verification_id.is_(None), _n.at <= before)


_IN_STATE = {
    EventState.WAITING: _n.due_at.is_not(None),
    EventState.TAKEN: _n.taken_at.is_not(None),
    EventState.GIVEN_UP: and_(_n.due_at.is_(None), _n.taken_at.is_(None)),
}


def logged(row: Row[Any]) -> LoggedEvent:
    """An event from the values of its row."""
    return LoggedEvent(
        id=row.id,
        endpoint_id=row.endpoint_id,
        verification_id=row.verification_id,
        type=row.type,
        at=row.at,
        due_at=row.due_at,
        attempts=row.attempts,
        taken_at=row.taken_at,
        answer=row.answer,
    )
