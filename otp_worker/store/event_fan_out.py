"""Statements that draw events from the steps: each endpoint is told of each step once, under one id.

Neither a request nor a delivery writes anything for it. How far the steps were looked at is written in the
transaction that writes the events: whoever dies in the middle has told of nothing.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, select, update
from ulid import ULID

from otp_worker.domain.endpoint import Endpoint
from otp_worker.domain.event import KINDS, Event, event_of
from otp_worker.store import endpoints
from otp_worker.store.database import Database, insert_ignoring
from otp_worker.store.endpoints import TOLD
from otp_worker.store.schema import endpoint_events, steps, verifications
from otp_worker.store.schema import endpoints as table
from otp_worker.store.step_cursor import AT_ONCE
from otp_worker.store.steps import step_of

_s, _v, _t, _n = steps.c, verifications.c, table.c, endpoint_events.c

BATCHES = 5
"""So many batches of steps are looked at by one sweep, for what is new and for each replay."""


@dataclass(frozen=True, slots=True)
class _Happened:
    step_id: int
    verification_id: str
    app: str
    event: Event
    at: datetime


def fan_out(db: Database, now: datetime) -> int:
    """Write the events that the new steps are for the endpoints there are; how many.

    Any number of processes may do so at once.
    """
    written = 0
    for _ in range(BATCHES):
        looked_at, new = _fan_out_batch(db, now)
        written += new
        if looked_at < AT_ONCE:
            break
    return written


def _fan_out_batch(db: Database, now: datetime) -> tuple[int, int]:
    with db.read() as connection:
        told = endpoints.active(connection)
        position = TOLD.position(connection) if told else None
        if position is None:
            return 0, 0
        found = TOLD.after(connection, position)
        upto = TOLD.complete(db, connection, position, found, now)
        if upto == position:
            return 0, 0
        happened = _happened(connection, position, upto, {each.app for each in told})
        new = _events(told, happened, now)
    with db.write() as connection:
        if not _are_kept(connection, new) or not TOLD.move(connection, position, upto):
            # Another process has told of these meanwhile, or somebody is being erased.
            return 0, 0
        _insert(connection, new)
    return len(found), len(new)


def replay(db: Database, now: datetime) -> int:
    """Go on with what endpoints are to be told again of what they missed; how much that was."""
    written = 0
    with db.read() as connection:
        wanting = [each for each in endpoints.active(connection) if each.replay_since]
    for each in wanting:
        for _ in range(BATCHES):
            goes_on, missed = _replay_batch(db, each, now)
            written += missed
            if not goes_on or missed >= AT_ONCE:
                break
    return written


def _replay_batch(db: Database, endpoint: Endpoint, now: datetime) -> tuple[bool, int]:
    mine = (_t.id == endpoint.id, _t.replay_since == endpoint.replay_since)
    since: Any = endpoint.replay_since
    with db.read() as connection:
        position = connection.execute(select(_t.replayed_to).where(*mine)).scalar()
        last = TOLD.position(connection)
        if position is None or last is None:
            return False, 0
        found = [number for number in TOLD.after(connection, position) if number <= last]
        upto = found[-1] if found else position
        happened = _happened(connection, position, upto, {endpoint.app}, _s.at >= since)
        new = _events([endpoint], happened, now, since)
    is_over = len(found) < AT_ONCE
    values = {"replayed_to": None, "replay_since": None} if is_over else {"replayed_to": upto}
    with db.write() as connection:
        going_on = update(table).where(*mine, _t.replayed_to == position).values(**values)
        if not _are_kept(connection, new) or not connection.execute(going_on).rowcount:
            return False, 0
        missed = _due_again(connection, endpoint.id, position, upto, since, now) + _insert(connection, new)
    return not is_over, missed


def _due_again(
    connection: Connection, endpoint_id: str, position: int, upto: int, since: datetime, now: datetime
) -> int:
    """Try again what was given up."""
    given_up = update(endpoint_events).where(
        _n.endpoint_id == endpoint_id,
        _n.step_id > position,
        _n.step_id <= upto,
        _n.at >= since,
        _n.taken_at.is_(None),
        _n.due_at.is_(None),
    )
    return connection.execute(given_up.values(due_at=now, attempts=0)).rowcount


def _happened(
    connection: Connection, position: int, upto: int, apps: set[str], *where: ColumnElement[bool]
) -> list[_Happened]:
    """The events among these steps, of these apps."""
    statement = (
        select(steps, _v.app, _v.channel)
        .join(verifications, _v.id == _s.verification_id)
        .where(_s.id > position, _s.id <= upto, _s.kind.in_(KINDS), _v.app.in_(sorted(apps)), *where)
        .order_by(_s.id)
    )
    found = []
    for row in connection.execute(statement):
        event = event_of(step_of(row), row.channel)
        if event is not None:
            found.append(_Happened(row.id, row.verification_id, row.app, event, row.at))
    return found


def _events(
    told: Sequence[Endpoint], happened: Iterable[_Happened], now: datetime, since: datetime | None = None
) -> list[dict[str, object]]:
    """A row for each endpoint that is to know, in the order of the verifications, as they are locked."""
    of_app = defaultdict(list)
    for endpoint in told:
        of_app[endpoint.app].append(endpoint)
    rows = [
        _row(endpoint, each, now)
        for each in happened
        for endpoint in of_app[each.app]
        if endpoint.wants(each.event) and each.at >= (since or endpoint.events_from)
    ]
    return sorted(rows, key=lambda row: (str(row["verification_id"]), str(row["id"])))


def _row(endpoint: Endpoint, happened: _Happened, now: datetime) -> dict[str, object]:
    return {
        # By their ids they are in the order in which they happened.
        "id": f"evt_{ULID.from_datetime(happened.at)}",
        "endpoint_id": endpoint.id,
        "step_id": happened.step_id,
        "verification_id": happened.verification_id,
        "type": happened.event,
        "at": happened.at,
        "due_at": now,
        "attempts": 0,
    }


def _are_kept(connection: Connection, rows: Sequence[dict[str, object]]) -> bool:
    """Keep what these rows are about until they are written; False where some of it is being deleted.

    To wait for that could be to wait for each other. Then they are drawn anew, without it.
    """
    for column, name in ((_v.id, "verification_id"), (_t.id, "endpoint_id")):
        ids = {str(row[name]) for row in rows}
        keeping = select(column).where(column.in_(sorted(ids)))
        kept = connection.execute(keeping.with_for_update(read=True, key_share=True, skip_locked=True))
        if len(kept.scalars().all()) < len(ids):
            return False
    return True


def _insert(connection: Connection, rows: Sequence[dict[str, object]]) -> int:
    """Write those that are not written yet; how many there are."""
    for first in range(0, len(rows), _ROWS_AT_ONCE):
        part = list(rows[first : first + _ROWS_AT_ONCE])
        connection.execute(insert_ignoring(connection, endpoint_events), part)
    return len(rows)


_ROWS_AT_ONCE = 500
