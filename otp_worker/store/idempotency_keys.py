"""Statements that remember requests which name an Idempotency-Key."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, update

from otp_worker.domain.errors import RequestInFlightError
from otp_worker.store.batches import delete_where
from otp_worker.store.database import Database, insert_missing
from otp_worker.store.schema import idempotency_keys

_i = idempotency_keys.c

KEPT_HOURS = 24


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """A request that is to have one effect: its key and its content, hashed under each root, newest first.

    One that was made at ``since`` or before is forgotten; without it, it is as long as it is kept.
    """

    app: str
    key_hashes: list[bytes]
    request_hashes: list[bytes]
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class StoredRequest:
    """A request that was accepted; ``answer`` is None until it was answered."""

    request_hash: bytes
    verification_id: str
    answer: str | None
    created_at: datetime


def claim(connection: Connection, once: IdempotencyKey, verification_id: str, now: datetime) -> None:
    """Write the request down in the transaction that gives it its effect.

    Raises RequestInFlightError if the same request did so first.
    """
    row = {
        "app": once.app,
        "key_hash": once.key_hashes[0],
        "request_hash": once.request_hashes[0],
        "verification_id": verification_id,
        "created_at": now,
    }
    if once.since is not None and _take_over(connection, once.since, row):
        return
    if not insert_missing(connection, idempotency_keys, **row):
        raise RequestInFlightError("this request is being answered; repeat it for its answer")


def _take_over(connection: Connection, since: datetime, row: Mapping[str, object]) -> bool:
    """Write a request in place of one that is forgotten; False if there is none, or somebody else did so."""
    same = (_i.app == row["app"], _i.key_hash == row["key_hash"])
    renewed = update(idempotency_keys).where(*same, _i.created_at <= since).values(**row, answer=None)
    return bool(connection.execute(renewed).rowcount)


def claim_alone(db: Database, once: IdempotencyKey, verification_id: str, now: datetime) -> None:
    """Write a request down whose effect was there already. Raises RequestInFlightError."""
    with db.write() as connection:
        claim(connection, once, verification_id, now)


def find(db: Database, once: IdempotencyKey) -> StoredRequest | None:
    """The request that was made under this key."""
    statement = select(_i.request_hash, _i.verification_id, _i.answer, _i.created_at).where(
        _i.app == once.app, _i.key_hash.in_(once.key_hashes)
    )
    if once.since is not None:
        statement = statement.where(_i.created_at > once.since).order_by(_i.created_at.desc())
    with db.read() as connection:
        row = connection.execute(statement).first()
    return StoredRequest(*row) if row else None


def keep_answer(connection: Connection, once: IdempotencyKey, answer: str) -> None:
    """Keep what was answered."""
    connection.execute(
        update(idempotency_keys)
        .where(_i.app == once.app, _i.key_hash == once.key_hashes[0])
        .values(answer=answer)
    )


def purge(db: Database, before: datetime) -> int:
    """Delete what was made before then; the number of rows."""
    return delete_where(db, idempotency_keys, _i.created_at <= before)
