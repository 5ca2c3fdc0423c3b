"""Statements for the keys that workers can open: nobody seals to a key that none of them has."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select, update

from otp_worker.store.database import Database, insert_missing
from otp_worker.store.schema import seal_keys

_k = seal_keys.c

GONE_AFTER = timedelta(minutes=5)
"""A key that no worker has named for so long, while others were named, is no worker's any more."""


def announce(db: Database, key_ids: Sequence[str], now: datetime) -> None:
    """Remember that a worker has these keys."""
    with db.write() as connection:
        for key_id in sorted(key_ids):
            insert_missing(connection, seal_keys, key_id=key_id, seen_at=now)
            connection.execute(update(seal_keys).where(_k.key_id == key_id).values(seen_at=now))


def known(db: Database) -> set[str]:
    """The ids of the keys that workers have; it stays what it was while no worker runs."""
    with db.read() as connection:
        seen = {row.key_id: row.seen_at for row in connection.execute(select(_k.key_id, _k.seen_at))}
    newest = max(seen.values(), default=None)
    return set() if newest is None else {key for key, at in seen.items() if at > newest - GONE_AFTER}
