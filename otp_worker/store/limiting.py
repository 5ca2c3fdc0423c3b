"""Statements that count sends against limits: each delivery that was written is one send.

A verification without any, whose person texts us, is one too.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Boolean, ColumnElement, Connection, Select, bindparam, func, select

from otp_worker.limits import Left, Limit, LimitReachedError, Rate, Scope
from otp_worker.policy import MAX_LIFE_SECONDS
from otp_worker.store.schema import Instant, deliveries, verifications

_v, _d = verifications.c, deliveries.c
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
    connection: Connection, scopes: Sequence[Scope], now: datetime, *, test: bool
) -> list[Left]:
    """What the scopes leave once one more send is written in this transaction.

    Raises LimitReachedError. Until the transaction ends, nobody else counts for these scopes.
    """
    scopes = [scope for scope in scopes if scope.rates]
    _take_turns(connection, scopes)
    left = []
    for scope in scopes:
        parameters = _parameters(scope, now, test=test)
        counts = connection.execute(_counting(scope.limit, len(scope.rates)), parameters).one()
        reached = [rate for rate, count in zip(scope.rates, counts, strict=True) if count >= rate.count]
        if reached:
            free = {rate: _free_at(connection, scope.limit, rate, parameters) for rate in reached}
            latest = max(reached, key=lambda rate: free[rate])
            raise LimitReachedError(scope.limit, latest, free[latest])
        left += [
            Left(scope.limit, rate.seconds, rate.count - count - 1)
            for rate, count in zip(scope.rates, counts, strict=True)
        ]
    return left


def _parameters(scope: Scope, now: datetime, *, test: bool) -> dict[str, object]:
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
def _counting(limit: Limit, windows: int) -> Select[Any]:
    """How many sends of a scope are in each of so many windows. Made once: every send asks."""
    starts = [bindparam(f"start_{n}", type_=Instant()) for n in range(windows)]
    counts: list[Any] = [func.count().filter(_counted_at > start) for start in starts]
    return select(*counts).select_from(_SENDS).where(*_sends_of(limit))


def _sends_of(limit: Limit) -> list[ColumnElement[bool]]:
    where = [
        _v.test == bindparam("test", type_=Boolean()),
        _counted_at > bindparam("since", type_=Instant()),
        _v.created_at > bindparam("created_since", type_=Instant()),
    ]
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


def _take_turns(connection: Connection, scopes: Sequence[Scope]) -> None:
    # SQLite's one writer has its turn already.
    if connection.dialect.name == "postgresql":
        # Always in one order, so that two that share several scopes never wait for one another.
        for name in sorted(scope.key for scope in scopes):
            digest = hashlib.sha256(name.encode()).digest()
            lock = int.from_bytes(digest[:8], "big", signed=True)
            connection.execute(select(func.pg_advisory_xact_lock(lock)))
