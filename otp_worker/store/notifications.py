"""Statements for notices: what support and operators are told of, each on one channel until it is taken.

Every channel has a budget of attempts at a time and a circuit breaker, both kept in the database, so that
they hold for all processes together.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, func, insert, or_, select, update
from ulid import ULID

from otp_worker.store.batches import delete_where, until_short
from otp_worker.store.database import Database, insert_missing
from otp_worker.store.schema import notice_channels, notices

_n, _c = notices.c, notice_channels.c

ATTEMPTS_AT_ONCE = 3
"""So many attempts at most are under way on one channel at a time."""
FAILURES_TO_OPEN = 3
"""After so many failed attempts in a row a channel is away: it is tried with one notice at a time."""
REPUBLISH_AFTER = timedelta(seconds=30)
"""A notice that was published and not taken up for so long may have lost its place in the queue."""


@dataclass(frozen=True, slots=True)
class Notification:
    """Something to be told on one channel.

    ``data`` holds no number: what a reply says, and whom it is from, is in the reply's own row, with which
    its notices are deleted.
    """

    id: str
    channel: str
    type: str
    reply_id: str | None
    data: dict[str, Any]
    created_at: datetime


def insert_notices(
    connection: Connection,
    channels: Iterable[str],
    kind: str,
    data: Mapping[str, object],
    now: datetime,
    reply_id: str | None = None,
) -> list[str]:
    """Write one notice for each channel, in the transaction of what it tells of; their ids."""
    rows = [
        {
            "id": f"ntc_{ULID.from_datetime(now)}",
            "channel": channel,
            "type": kind,
            "reply_id": reply_id,
            "data": json.dumps(data),
            "created_at": now,
            "due_at": now,
            "attempts": 0,
        }
        for channel in channels
    ]
    if rows:
        connection.execute(insert(notices), rows)
    return [str(row["id"]) for row in rows]


def claim_notice(db: Database, notice_id: str, now: datetime, lease_until: datetime) -> Notification | None:
    """Take one attempt to tell, which counts for its channel's budget until it is settled or the lease ends.

    None if it is not due, or its channel has no room: then the sweep publishes it again.
    """
    with db.write() as connection:
        channel = connection.execute(select(_n.channel).where(_n.id == notice_id, _is_due(now))).scalar()
        if channel is None:
            return None
        insert_missing(connection, notice_channels, name=channel, failures=0)
        state = connection.execute(_state_of(channel).with_for_update()).one()
        if _room(connection, channel, state, now) <= 0:
            connection.execute(update(notices).where(_n.id == notice_id).values(published_at=None))
            return None
        if _is_away(state):
            connection.execute(update(notice_channels).where(_c.name == channel).values(retry_at=lease_until))
        row = connection.execute(
            update(notices)
            .where(_n.id == notice_id, _is_due(now))
            .values(due_at=lease_until, lease_until=lease_until, attempts=_n.attempts + 1)
            .returning(notices)
        ).first()
    if row is None:
        return None
    return Notification(row.id, row.channel, row.type, row.reply_id, json.loads(row.data), row.created_at)


def progress_of(db: Database, notice_id: str) -> tuple[str, int] | None:
    """A notice's channel, and how often it was tried to tell; None if there is no such notice."""
    with db.read() as connection:
        row = connection.execute(select(_n.channel, _n.attempts).where(_n.id == notice_id)).first()
    return (row.channel, row.attempts) if row else None


def settle_notice(db: Database, notice_id: str, told_at: datetime | None) -> None:
    """End a notice: told at that instant, which shows that its channel is well, or given up."""
    with db.write() as connection:
        if told_at is not None:
            channel = select(_n.channel).where(_n.id == notice_id).scalar_subquery()
            connection.execute(
                update(notice_channels)
                .where(_c.name == channel, _c.failures > 0)
                .values(failures=0, retry_at=None)
            )
        connection.execute(
            update(notices).where(_n.id == notice_id).values(due_at=None, told_at=told_at, lease_until=None)
        )


def put_off(
    db: Database, notice: Notification, due_at: datetime, now: datetime, pauses: Sequence[timedelta]
) -> None:
    """An attempt failed: the next one is due at ``due_at``.

    A channel that is away is tried again after the first of ``pauses``, then after the second and so on;
    the last one is repeated.
    """
    channel = update(notice_channels).where(_c.name == notice.channel)
    with db.write() as connection:
        failures = connection.execute(
            channel.values(failures=_c.failures + 1).returning(_c.failures)
        ).scalar_one()
        beyond = failures - FAILURES_TO_OPEN
        if beyond >= 0:
            connection.execute(channel.values(retry_at=now + pauses[min(beyond, len(pauses) - 1)]))
        connection.execute(
            update(notices)
            .where(_n.id == notice.id)
            .values(due_at=due_at, published_at=None, lease_until=None)
        )


def channel_states(db: Database) -> dict[str, bool]:
    """The channels that something was told on, and whether each is taken to be away."""
    statement = select(notice_channels).order_by(_c.name)
    with db.read() as connection:
        return {row.name: _is_away(row) for row in connection.execute(statement)}


def due_notices(db: Database, now: datetime, limit: int) -> list[str]:
    """The notices that wait to be told, longest first."""
    statement = select(_n.id).where(_is_due(now)).order_by(_n.due_at, _n.id).limit(limit)
    with db.read() as connection:
        return list(connection.execute(statement).scalars())


def publishable(db: Database, channel: str, now: datetime) -> list[str]:
    """The notices of a channel that it has room for and that are not on the queue yet, longest due first."""
    with db.read() as connection:
        state = connection.execute(_state_of(channel)).first()
        room = _room(connection, channel, state, now)
        if room <= 0:
            return []
        statement = (
            select(_n.id, _n.published_at)
            .where(_n.channel == channel, _is_due(now))
            .order_by(_n.due_at, _n.id)
            .limit(room)
        )
        return [
            row.id
            for row in connection.execute(statement)
            if row.published_at is None or row.published_at <= now - REPUBLISH_AFTER
        ]


def mark_published(db: Database, notice_ids: Sequence[str], now: datetime) -> None:
    """Remember that these notices were put on the queue."""
    with db.update() as connection:
        connection.execute(update(notices).where(_n.id.in_(notice_ids)).values(published_at=now))


def give_up(db: Database, created_before: datetime) -> int:
    """End the notices from before then that nobody took, without another attempt; their number."""
    old = (
        select(_n.id)
        .where(_n.due_at.is_not(None), _n.created_at <= created_before)
        .order_by(_n.due_at, _n.id)
    )

    def act(size: int) -> int:
        ended = update(notices).where(_n.id.in_(old.limit(size))).values(due_at=None)
        with db.update() as connection:
            return connection.execute(ended).rowcount

    return until_short(act)


def purge(db: Database, before: datetime) -> int:
    """Delete what was written before then, told or not."""
    return delete_where(db, notices, notices.c.created_at <= before)


def _is_due(now: datetime) -> ColumnElement[bool]:
    # A first attempt has no time of its own: its instant is that of another machine's clock.
    return _n.due_at.is_not(None) & or_(_n.attempts == 0, _n.due_at <= now)


def _state_of(channel: str) -> Select[Any]:
    return select(notice_channels).where(_c.name == channel)


def _is_away(state: Row[Any] | None) -> bool:
    return state is not None and state.failures >= FAILURES_TO_OPEN


def _room(connection: Connection, channel: str, state: Row[Any] | None, now: datetime) -> int:
    """How many attempts more a channel may have under way."""
    if state is not None and _is_away(state):
        return 1 if state.retry_at is None or state.retry_at <= now else 0
    under_way = select(func.count()).where(
        _n.channel == channel, _n.due_at.is_not(None), _n.lease_until > now
    )
    return ATTEMPTS_AT_ONCE - int(connection.execute(under_way).scalar_one())
