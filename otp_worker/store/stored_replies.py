"""Statements for the replies that are kept, each once."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, func, select, type_coerce, update

from otp_worker.domain.reply import ReplyKind
from otp_worker.store.database import Database, insert_missing
from otp_worker.store.schema import Instant, notices, replies

_r, _n = replies.c, notices.c


@dataclass(frozen=True, slots=True)
class StoredReply:
    """A reply as it is kept: what could be a code is starred out.

    ``number`` is whatever it came from, a number or not, while that is kept; ``number_hash`` stands for it
    afterwards. ``forwarded_at`` is when support was last told of it.
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
    meaning: ReplyKind = ReplyKind.OTHER
    number_hash: bytes | None = None


def insert(connection: Connection, reply: StoredReply, dedupe_key: str, now: datetime) -> bool:
    """Keep a reply, in the transaction of what it does; False if it is kept already."""
    return insert_missing(
        connection,
        replies,
        id=reply.id,
        dedupe_key=dedupe_key,
        gateway=reply.gateway,
        verification_id=reply.verification_id,
        app=reply.app,
        number=reply.number,
        number_hash=reply.number_hash,
        number_masked=reply.number_masked,
        text=reply.text,
        meaning=reply.meaning,
        received_at=reply.received_at,
        created_at=now,
    )


def set_meaning(connection: Connection, reply_id: str, meaning: ReplyKind) -> None:
    """Write down what a reply did."""
    connection.execute(update(replies).where(_r.id == reply_id).values(meaning=meaning))


def find(db: Database, reply_id: str) -> StoredReply | None:
    """A reply as it is kept."""
    with db.read() as connection:
        row = connection.execute(_replies().where(_r.id == reply_id)).first()
    return _stored(row) if row else None


def newest(db: Database, limit: int) -> list[StoredReply]:
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
        meaning=ReplyKind(row.meaning),
        number_hash=row.number_hash,
    )
