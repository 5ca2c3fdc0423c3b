"""Statements for links to the hosted entry page."""

from dataclasses import asdict
from datetime import datetime, timedelta

from sqlalchemy import insert, or_, select, update

from otp_worker.domain.entry_link import RESULT_SECONDS, EntryLink, Outcome
from otp_worker.store.batches import delete_where
from otp_worker.store.database import Database
from otp_worker.store.schema import entry_links

_l = entry_links.c

MOST_ACTS = 40
"""How many forms may be posted by one link: each can count in a limit of its app's."""


def insert_link(db: Database, link: EntryLink) -> None:
    """Write a new link."""
    with db.write() as connection:
        connection.execute(insert(entry_links).values(**asdict(link)))


def find(db: Database, link_id: str) -> EntryLink | None:
    """The link of that id."""
    with db.read() as connection:
        row = connection.execute(select(entry_links).where(_l.id == link_id)).first()
    if row is None:
        return None
    values = dict(row._mapping)
    return EntryLink(**values | {"outcome": Outcome(values["outcome"]) if values["outcome"] else None})


def take_act(db: Database, link_id: str, session_hash: bytes, now: datetime) -> bool:
    """Let a browser act once more: the first that does has the link for itself.

    False if it is another's, is over, or has been used too often.
    """
    statement = (
        update(entry_links)
        .where(
            _l.id == link_id,
            or_(_l.session_hash.is_(None), _l.session_hash == session_hash),
            _l.outcome.is_(None),
            _l.acts < MOST_ACTS,
            _l.expires_at > now,
        )
        .values(session_hash=session_hash, acts=_l.acts + 1)
    )
    with db.update() as connection:
        return bool(connection.execute(statement).rowcount)


def adopt(db: Database, link_id: str, verification_id: str) -> None:
    """Remember which verification the link asked for."""
    statement = update(entry_links).where(_l.id == link_id).values(verification_id=verification_id)
    with db.update() as connection:
        connection.execute(statement)


def finish(db: Database, link_id: str, outcome: Outcome, now: datetime) -> bool:
    """Give the link its outcome; False if it has one."""
    statement = (
        update(entry_links)
        .where(_l.id == link_id, _l.outcome.is_(None))
        .values(outcome=outcome, outcome_at=now)
    )
    with db.update() as connection:
        return bool(connection.execute(statement).rowcount)


def redeem(db: Database, link_id: str, now: datetime) -> bool:
    """Redeem the link's result; False if that was done before, or it has none, or it is too late."""
    statement = (
        update(entry_links)
        .where(
            _l.id == link_id,
            _l.redeemed_at.is_(None),
            _l.outcome_at > now - timedelta(seconds=RESULT_SECONDS),
        )
        .values(redeemed_at=now)
    )
    with db.update() as connection:
        return bool(connection.execute(statement).rowcount)


def purge(db: Database, before: datetime) -> int:
    """Delete what was over before then; the number of rows."""
    return delete_where(db, entry_links, _l.expires_at <= before)
