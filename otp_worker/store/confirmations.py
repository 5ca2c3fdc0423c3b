"""Statements for confirmation texts: each number is sent one a day at most, and each one once."""

from datetime import datetime, timedelta

from sqlalchemy import select, update

from otp_worker.store.batches import delete_where
from otp_worker.store.database import Database, insert_missing
from otp_worker.store.schema import confirmations, replies

_c, _r = confirmations.c, replies.c


def insert_once_a_day(db: Database, number_hash: bytes, reply_id: str, now: datetime) -> bool:
    """Ask for the confirmation of a reply; False if one was asked for today (UTC) for its number."""
    with db.write() as connection:
        return insert_missing(
            connection,
            confirmations,
            number_hash=number_hash,
            day=now.date().isoformat(),
            reply_id=reply_id,
        )


def waiting(db: Database, since: datetime, until: datetime, limit: int) -> list[str]:
    """The replies of that time whose confirmation was asked for and not begun, longest first."""
    statement = (
        select(_c.reply_id)
        .join(replies, _r.id == _c.reply_id)
        .where(_r.created_at > since, _r.created_at <= until, _c.sent_at.is_(None))
        .order_by(_r.created_at)
        .limit(limit)
    )
    with db.read() as connection:
        return list(connection.execute(statement).scalars())


def claim(db: Database, reply_id: str, now: datetime) -> bytes | None:
    """Take the right to send a reply's confirmation; the hash of its number, None if it was taken before."""
    with db.update() as connection:
        return connection.execute(
            update(confirmations)
            .where(_c.reply_id == reply_id, _c.sent_at.is_(None))
            .values(sent_at=now)
            .returning(_c.number_hash)
        ).scalar()


def purge(db: Database, now: datetime) -> int:
    """Delete what no longer limits anything."""
    return delete_where(db, confirmations, _c.day < (now - timedelta(days=2)).date().isoformat())
