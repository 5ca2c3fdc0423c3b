"""Statements for looking back at notices: what was told, what waits, and telling one once more."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, func, insert, select, update
from ulid import ULID

from otp_worker.domain.errors import NotFoundError
from otp_worker.store.database import Database
from otp_worker.store.notifications import FAILURES_TO_OPEN
from otp_worker.store.schema import notice_channels, notices

_n, _c = notices.c, notice_channels.c


@dataclass(frozen=True, slots=True)
class LoggedNotice:
    """How far a notice came: taken at ``told_at``, to be tried at ``due_at``, or with neither given up."""

    id: str
    channel: str
    type: str
    reply_id: str | None
    data: dict[str, Any]
    created_at: datetime
    due_at: datetime | None
    attempts: int
    told_at: datetime | None


@dataclass(frozen=True, slots=True)
class ChannelState:
    """How a channel fares: its failures in a row, when it is tried again, a day's notices by their fate."""

    name: str
    failures: int
    retry_at: datetime | None
    taken: int
    waiting: int
    given_up: int

    @property
    def is_away(self) -> bool:
        """Whether it failed so often in a row that one notice at a time is tried."""
        return self.failures >= FAILURES_TO_OPEN


def newest(db: Database, limit: int) -> list[LoggedNotice]:
    """The last notices, the newest first."""
    statement = select(notices).order_by(_n.created_at.desc(), _n.id.desc()).limit(limit)
    with db.read() as connection:
        return [_logged(row) for row in connection.execute(statement)]


def find(db: Database, notice_id: str) -> LoggedNotice:
    """One notice. Raises NotFoundError."""
    row = None
    # Postgres does not take every text in a query, NUL for one.
    if notice_id.isprintable():
        with db.read() as connection:
            row = connection.execute(select(notices).where(_n.id == notice_id)).first()
    if row is None:
        raise NotFoundError("there is no such event any more")
    return _logged(row)


def channel_states(db: Database, now: datetime) -> list[ChannelState]:
    """How each channel fares that was used within a day, in the order of their names."""
    counted = (
        select(
            _n.channel,
            func.count(_n.told_at).label("taken"),
            func.count().filter(_n.told_at.is_(None), _n.due_at.is_not(None)).label("waiting"),
            func.count().filter(_n.told_at.is_(None), _n.due_at.is_(None)).label("given_up"),
        )
        .where(_n.created_at > now - timedelta(days=1))
        .group_by(_n.channel)
        .subquery()
    )
    statement = (
        select(counted, _c.failures, _c.retry_at)
        .outerjoin(notice_channels, _c.name == counted.c.channel)
        .order_by(counted.c.channel)
    )
    with db.read() as connection:
        return [
            ChannelState(row.channel, row.failures or 0, row.retry_at, row.taken, row.waiting, row.given_up)
            for row in connection.execute(statement)
        ]


def tell_again(db: Database, notice_id: str, now: datetime) -> bool:
    """Have a notice told at once; True if it still waited, False if a copy of it is told.

    What was taken, or given up, stays as it is written down. Raises NotFoundError.
    """
    found = find(db, notice_id)
    with db.update() as connection:
        sooner = update(notices).where(_n.id == notice_id, _n.due_at.is_not(None))
        if connection.execute(sooner.values(due_at=now, published_at=None)).rowcount:
            return True
        connection.execute(
            insert(notices).values(
                id=f"ntc_{ULID.from_datetime(now)}",
                channel=found.channel,
                type=found.type,
                reply_id=found.reply_id,
                data=json.dumps(found.data),
                created_at=now,
                due_at=now,
                attempts=0,
            )
        )
    return False


def _logged(row: Row[Any]) -> LoggedNotice:
    return LoggedNotice(
        id=row.id,
        channel=row.channel,
        type=row.type,
        reply_id=row.reply_id,
        data=json.loads(row.data),
        created_at=row.created_at,
        due_at=row.due_at,
        attempts=row.attempts,
        told_at=row.told_at,
    )
