"""Statements for notices: what support and operators are told of, each on one channel until it is taken."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update
from ulid import ULID

from otp_worker.store.database import Database
from otp_worker.store.schema import notices

_n = notices.c


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to be told on one channel; ``data`` holds no number, a reply's content is in its own row."""

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


def claim_notice(db: Database, notice_id: str, now: datetime, next_due_at: datetime) -> Notice | None:
    """Take one attempt to tell; the next one, should this fail, is due at ``next_due_at``."""
    with db.update() as connection:
        row = connection.execute(
            update(notices)
            .where(_n.id == notice_id, _n.due_at <= now)
            .values(due_at=next_due_at, attempts=_n.attempts + 1)
            .returning(notices)
        ).first()
    if row is None:
        return None
    return Notice(row.id, row.channel, row.type, row.reply_id, json.loads(row.data), row.created_at)


def attempts_at(db: Database, notice_id: str) -> int | None:
    """How often it was tried to tell; None if there is no such notice."""
    with db.read() as connection:
        return connection.execute(select(_n.attempts).where(_n.id == notice_id)).scalar()


def settle_notice(db: Database, notice_id: str, told_at: datetime | None) -> None:
    """End a notice: told at that instant, or given up."""
    with db.update() as connection:
        connection.execute(update(notices).where(_n.id == notice_id).values(due_at=None, told_at=told_at))


def due_notices(db: Database, now: datetime, limit: int) -> list[str]:
    """The notices that wait to be told, longest first."""
    statement = select(_n.id).where(_n.due_at <= now).order_by(_n.due_at).limit(limit)
    with db.read() as connection:
        return list(connection.execute(statement).scalars())
