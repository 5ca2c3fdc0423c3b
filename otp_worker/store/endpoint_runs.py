"""Statements for posting events to endpoints: which are due, whose turn it is, and what came of it.

One worker at a time posts to an endpoint, and takes a lease of it, so that one that hangs holds one thread.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, or_, select, update

from otp_worker.domain.endpoint import DISABLE_AFTER, FAILED, GONE, TELL_AFTER
from otp_worker.store import endpoints
from otp_worker.store.database import Database
from otp_worker.store.endpoint_events import LoggedEvent, logged
from otp_worker.store.endpoints import StoredEndpoint
from otp_worker.store.lifecycle import TO_CHANGE
from otp_worker.store.notifications import insert_notices
from otp_worker.store.schema import endpoint_events, replies, steps, verifications
from otp_worker.store.schema import endpoints as table

_n, _e, _s, _v, _r = endpoint_events.c, table.c, steps.c, verifications.c, replies.c

FAILING, DISABLED = "endpoint.failing", "endpoint.disabled"
"""What the operator is told of an endpoint."""


@dataclass(frozen=True, slots=True)
class DueEvent:
    """An event that is to be posted, with what it tells of: None for a test."""

    event: LoggedEvent
    subject: Row[Any] | None


@dataclass(frozen=True, slots=True)
class Failure:
    """An attempt that nothing came of; ``due_at`` is the next one's, None where it was the last."""

    event_id: str
    answer: str
    due_at: datetime | None
    retry_at: datetime
    gone: bool = False


def due_endpoints(db: Database, now: datetime, *, failing: bool, limit: int) -> list[str]:
    """The endpoints that something waits for and that may be posted to now, longest untried first."""
    waiting = select(_n.id).where(_n.endpoint_id == _e.id, _is_due(now)).exists()
    statement = (
        select(_e.id)
        .where(*_may_run(now), _e.failures > 0 if failing else _e.failures == 0, waiting)
        .order_by(_e.lease_until.nulls_first(), _e.id)
        .limit(limit)
    )
    with db.read() as connection:
        return list(connection.execute(statement).scalars())


def is_failing(db: Database, endpoint_id: str) -> bool | None:
    """Whether the last attempt failed; None if there is no such endpoint."""
    with db.read() as connection:
        failures: int | None = connection.execute(select(_e.failures).where(_e.id == endpoint_id)).scalar()
    return None if failures is None else failures > 0


def lease(db: Database, endpoint_id: str, now: datetime, until: datetime) -> StoredEndpoint | None:
    """Take an endpoint to post to; None where another worker has it, or it is not to be posted to now."""
    with db.update() as connection:
        taken = update(table).where(_e.id == endpoint_id, *_may_run(now)).values(lease_until=until)
        if not connection.execute(taken).rowcount:
            return None
    return endpoints.find(db, endpoint_id)


def due(db: Database, endpoint_id: str, now: datetime, limit: int) -> list[DueEvent]:
    """The events that wait to be posted to an endpoint, in the order in which they happened."""
    statement = (
        select(endpoint_events, *_SUBJECT)
        .outerjoin(verifications, _v.id == _n.verification_id)
        .outerjoin(steps, _s.id == _n.step_id)
        .outerjoin(replies, and_(_r.verification_id == _n.verification_id, _r.created_at == _n.at))
        .where(_n.endpoint_id == endpoint_id, _is_due(now))
        .order_by(_n.id)
        .limit(limit)
    )
    with db.read() as connection:
        rows = connection.execute(statement).all()
    # Two replies of one instant: the event is told of once.
    events = {row.id: row for row in rows}
    return [DueEvent(logged(row), row if row.verification_id else None) for row in events.values()]


def settle(
    db: Database,
    endpoint_id: str,
    taken: Sequence[str],
    failure: Failure | None,
    channels: Sequence[str],
    now: datetime,
) -> list[str]:
    """Write down what came of a run, and let go of the endpoint; the notices of what the operator is told."""
    with db.write() as connection:
        state = connection.execute(
            select(table).where(_e.id == endpoint_id).with_for_update(**TO_CHANGE)
        ).first()
        if state is None:
            return []
        if taken:
            _settle_taken(connection, endpoint_id, _free(connection, taken), now)
        if failure is None:
            connection.execute(update(table).where(_e.id == endpoint_id).values(lease_until=now))
            return []
        failed = _free(connection, [failure.event_id])
        values = {"attempts": _n.attempts + 1, "answer": failure.answer, "due_at": failure.due_at}
        waiting = update(endpoint_events).where(_n.id.in_(failed), _n.due_at.is_not(None))
        connection.execute(waiting.values(**values))
        return _note_failure(connection, state, failure, bool(taken), channels, now)


def _free(connection: Connection, event_ids: Sequence[str]) -> list[str]:
    """Those of the events that nobody else changes: a person may just be erased, and that must not wait."""
    free = select(_n.id).where(_n.id.in_(event_ids)).with_for_update(skip_locked=True)
    return list(connection.execute(free).scalars())


def _settle_taken(connection: Connection, endpoint_id: str, taken: Sequence[str], now: datetime) -> None:
    values = {"attempts": _n.attempts + 1, "taken_at": now, "due_at": None, "answer": "2xx"}
    connection.execute(update(endpoint_events).where(_n.id.in_(taken)).values(**values))
    well = {"failures": 0, **dict.fromkeys(("failing_since", "told_at", "retry_at"))}
    connection.execute(update(table).where(_e.id == endpoint_id).values(**well))


def _note_failure(
    connection: Connection,
    state: Row[Any],
    failure: Failure,
    took_some: bool,
    channels: Sequence[str],
    now: datetime,
) -> list[str]:
    """Count a failure of an endpoint. One that is gone, or fails for days, is disabled."""
    since = now if took_some or state.failing_since is None else state.failing_since
    told_at = None if took_some else state.told_at
    values: dict[str, Any] = {
        "failures": 1 if took_some else state.failures + 1,
        "failing_since": since,
        "retry_at": failure.retry_at,
        "lease_until": now,
    }
    reason = GONE if failure.gone else FAILED if now - since >= DISABLE_AFTER else None
    tell = [] if reason or told_at or now - since < TELL_AFTER else [FAILING]
    if tell:
        values["told_at"] = now
    connection.execute(update(table).where(_e.id == state.id).values(**values))
    if reason and endpoints.disable(connection, state.id, reason, now):
        tell = [DISABLED]
    data = {
        "endpoint": state.id,
        "app": state.app,
        "reason": reason or f"nothing was taken since {since:%Y-%m-%d %H:%M}Z ({failure.answer})",
    }
    return [each for kind in tell for each in insert_notices(connection, channels, kind, data, now)]


def put_aside(db: Database, endpoint_id: str, retry_at: datetime) -> None:
    """Let go of an endpoint without an attempt, and leave it alone until then."""
    with db.update() as connection:
        values = {"lease_until": None, "retry_at": retry_at}
        connection.execute(update(table).where(_e.id == endpoint_id).values(**values))


_SUBJECT = (
    _v.channel,
    _v.user,
    _v.number,
    _v.number_masked,
    _v.country,
    _v.purpose,
    _v.client_reference,
    _v.tags,
    _s.kind,
    _s.delivery_number,
    _s.outcome,
    _s.count.label("left"),
    _s.detail,
    _r.text,
)


def _is_due(now: datetime) -> ColumnElement[bool]:
    # A first attempt has no time of its own: its instant is that of another machine's clock.
    return and_(_n.due_at.is_not(None), or_(_n.attempts == 0, _n.due_at <= now))


def _may_run(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        _e.disabled_at.is_(None),
        or_(_e.lease_until.is_(None), _e.lease_until <= now),
        or_(_e.retry_at.is_(None), _e.retry_at <= now),
    )
