"""Statements for the audit: what each operator did in the console, written before it is done."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select, update
from ulid import ULID

from otp_worker.store.batches import delete_where
from otp_worker.store.database import Database
from otp_worker.store.schema import audit

_a = audit.c

_ID = re.compile(r"aud_[0-9A-Z]{26}")


@dataclass(frozen=True, slots=True)
class Entry:
    """What one operator did; without an ``outcome`` nobody knows what came of it.

    ``subject`` is an id, a masked number or a country.
    """

    id: str
    at: datetime
    login: str
    action: str
    subject: str
    outcome: str | None


def begin(db: Database, login: str, action: str, subject: str, now: datetime) -> str:
    """Write down what is about to be done; the entry's id."""
    entry_id = f"aud_{ULID.from_datetime(now)}"
    with db.update() as connection:
        connection.execute(
            insert(audit).values(id=entry_id, at=now, login=login[:64], action=action, subject=subject[:64])
        )
    return entry_id


def settle(db: Database, entry_id: str, outcome: str) -> None:
    """Add what came of it."""
    with db.update() as connection:
        connection.execute(update(audit).where(_a.id == entry_id).values(outcome=outcome[:120]))


def newest(db: Database, limit: int) -> list[Entry]:
    """The last entries, the newest first."""
    statement = select(audit).order_by(_a.at.desc(), _a.id.desc()).limit(limit)
    with db.read() as connection:
        return [_entry(row) for row in connection.execute(statement)]


def of_login(db: Database, entry_id: str | None, login: str) -> Entry | None:
    """What one operator did, by its id; None if it was somebody else, or nobody."""
    if not _ID.fullmatch(entry_id or ""):
        return None
    statement = select(audit).where(_a.id == entry_id, _a.login == login[:64])
    with db.read() as connection:
        row = connection.execute(statement).first()
    return _entry(row) if row else None


def purge(db: Database, before: datetime) -> int:
    """Delete what was done before then."""
    return delete_where(db, audit, _a.at <= before)


def _entry(row: Row[Any]) -> Entry:
    return Entry(row.id, row.at, row.login, row.action, row.subject, row.outcome)
