"""Statements that count sends against limits: each delivery that was written is one send.

A verification without any, whose person texts us, is one too.
"""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Boolean, ColumnElement, Connection, bindparam, func, select
from sqlalchemy.dialects import postgresql

from otp_worker.domain.errors import RateLimitExceededError
from otp_worker.domain.limits import Limit, LimitKey, Rate, Remaining
from otp_worker.domain.policy import MAX_LIFE_SECONDS
from otp_worker.store.database import Database
from otp_worker.store.prepared import Prepared
from otp_worker.store.schema import Instant, deliveries, verification_buckets, verifications

_v, _d, _b = verifications.c, deliveries.c, verification_buckets.c
_SENDS = verifications.outerjoin(deliveries)
_counted_at = func.coalesce(_d.created_at, _v.created_at)

_COLUMNS = {
    Limit.NUMBER: _v.number_hash,
    Limit.BLOCK: _v.block_hash,
    Limit.COUNTRY: _v.country,
    Limit.KEY: _v.app,
    Limit.IP: _v.ip_hash,
}


def refuse_beyond(
    connection: Connection, scopes: Sequence[LimitKey], now: datetime, *, test: bool
) -> list[Remaining]:
    """What the scopes, whose turns are taken, leave once one more send is written in this transaction.

    Raises RateLimitExceededError.
    """
    scopes = [scope for scope in scopes if scope.rates]
    found = []
    for scope in scopes:
        parameters = _parameters(scope, now, test=test)
        [counts] = _counting(scope.limit, len(scope.rates)).rows(connection, parameters)
        found += _left(connection, scope, counts, parameters)
    return found


def left(db: Database, scopes: Sequence[LimitKey], now: datetime, *, test: bool) -> list[Remaining]:
    """What the scopes would leave after one more send. Raises RateLimitExceededError."""
    with db.read() as connection:
        return refuse_beyond(connection, scopes, now, test=test)


def refuse_numbers_beyond(
    connection: Connection, scopes: Sequence[LimitKey], now: datetime
) -> list[list[Remaining] | RateLimitExceededError]:
    """As ``refuse_beyond``, for many numbers that are all different, each with the same rates.

    What the limit refuses is an answer here: it is no reason to refuse the others.
    """
    if not scopes:
        return []
    windows = len(scopes[0].rates)
    every = replace(scopes[0], values=tuple(value for scope in scopes for value in scope.values))
    rows = _counting_each(windows).rows(connection, _parameters(every, now, test=False))
    sends = {row[0]: row[1:] for row in rows}
    answers: list[list[Remaining] | RateLimitExceededError] = []
    for scope in scopes:
        # A number whose root secret was changed has sends under more than one hash.
        counts = [sum(sends[value][n] for value in scope.values if value in sends) for n in range(windows)]
        try:
            answers.append(_left(connection, scope, counts, _parameters(scope, now, test=False)))
        except RateLimitExceededError as refusal:
            answers.append(refusal)
    return answers


def _left(
    connection: Connection, scope: LimitKey, counts: Sequence[int], parameters: dict[str, object]
) -> list[Remaining]:
    """What a limit leaves of its rates when so many sends are in their windows.

    Raises RateLimitExceededError.
    """
    reached = [rate for rate, count in zip(scope.rates, counts, strict=True) if count >= rate.count]
    if reached:
        free = {rate: _free_at(connection, scope.limit, rate, parameters) for rate in reached}
        latest = max(reached, key=lambda rate: free[rate])
        raise RateLimitExceededError(scope.limit, latest.count, latest.seconds, free[latest], scope.bucket)
    return [
        Remaining(scope.limit, rate.seconds, rate.count - count - 1, scope.bucket)
        for rate, count in zip(scope.rates, counts, strict=True)
    ]


def _parameters(scope: LimitKey, now: datetime, *, test: bool) -> dict[str, object]:
    since = now - timedelta(seconds=scope.longest_seconds)
    starts = {f"start_{n}": now - timedelta(seconds=rate.seconds) for n, rate in enumerate(scope.rates)}
    return {
        "test": test,
        "since": since,
        # A verification sends for as long as it may live: the index on this column leaves out what is older.
        "created_since": since - timedelta(seconds=MAX_LIFE_SECONDS),
        "values": list(scope.values),
        **starts,
    }


@cache
def _counting(limit: Limit, windows: int) -> Prepared:
    """How many sends of a scope are in each of so many windows. Made once: every send asks."""
    return Prepared(select(*_counts(windows)).select_from(_SENDS).where(*_sends_of(limit)))


@cache
def _counting_each(windows: int) -> Prepared:
    """How many sends of each of many numbers are in each of so many windows; none where there is no send."""
    counting = select(_v.number_hash, *_counts(windows)).select_from(_SENDS)
    return Prepared(counting.where(*_sends_of(Limit.NUMBER)).group_by(_v.number_hash))


def _counts(windows: int) -> list[Any]:
    starts = [bindparam(f"start_{n}", type_=Instant()) for n in range(windows)]
    return [func.count().filter(_counted_at > start) for start in starts]


def _sends_of(limit: Limit) -> list[ColumnElement[bool]]:
    where = [
        _v.test == bindparam("test", type_=Boolean()),
        _counted_at > bindparam("since", type_=Instant()),
        _v.created_at > bindparam("created_since", type_=Instant()),
    ]
    if limit is Limit.BUCKET:
        mine = _b.bucket_hash.in_(bindparam("values", expanding=True))
        where.append(_v.id.in_(select(_b.verification_id).where(mine)))
    if limit in _COLUMNS:
        where.append(_COLUMNS[limit].in_(bindparam("values", expanding=True)))
    return where


def _free_at(connection: Connection, limit: Limit, rate: Rate, parameters: dict[str, object]) -> datetime:
    """When so few of the newest sends are still in the window that one more fits."""
    newest = (
        select(_counted_at)
        .select_from(_SENDS)
        .where(*_sends_of(limit))
        .order_by(_counted_at.desc())
        .offset(rate.count - 1)
        .limit(1)
    )
    last: datetime = connection.execute(newest, parameters).scalar_one()
    return last + timedelta(seconds=rate.seconds)


def take_turns(connection: Connection, names: Collection[str]) -> None:
    """Wait until nobody else counts for scopes of these keys; until the transaction ends, nobody else will.

    A transaction takes all its turns at once.
    """
    # SQLite's one writer has its turn already.
    if names and connection.dialect.name == "postgresql":
        # Always in one order, so that two that share several scopes never wait for one another.
        digests = [hashlib.sha256(name.encode()).digest() for name in sorted(names)]
        locks = [int.from_bytes(digest[:8], "big", signed=True) for digest in digests]
        connection.execute(_LOCK, {"locks": locks})


_LOCK = select(
    func.pg_advisory_xact_lock(func.unnest(bindparam("locks", type_=postgresql.ARRAY(BigInteger))))
)
