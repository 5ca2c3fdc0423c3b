"""Statements for what was posted before: a reply has its effect once, even after its row is gone.

What is kept is a keyed hash of the reply's content, which tells nobody who wrote or what. It outlives the
reply's retention and a wish to be forgotten: else the same signed post would act again.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from otp_worker.store.batches import delete_where
from otp_worker.store.database import Database, insert_missing
from otp_worker.store.schema import reply_keys

_k = reply_keys.c

KEPT = timedelta(days=366)


def insert_new(connection: Connection, key_hashes: Sequence[bytes], now: datetime) -> bool:
    """Remember a reply by its hash under the newest root secret; False if it was posted before.

    ``key_hashes`` are its hashes under every listed root secret, newest first.
    """
    older = select(_k.key_hash).where(_k.key_hash.in_(key_hashes[1:]))
    if len(key_hashes) > 1 and connection.execute(older).first() is not None:
        return False
    return insert_missing(connection, reply_keys, key_hash=key_hashes[0], seen_at=now)


def purge(db: Database, now: datetime) -> int:
    """Delete those that were first seen longer ago than they are kept."""
    return delete_where(db, reply_keys, _k.seen_at <= now - KEPT)
