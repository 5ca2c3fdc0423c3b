"""Statements that count sends against limits: each delivery that was written is one send."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, select

from otp_worker.limits import Left, Limit, LimitReachedError, Rate, Scope
from otp_worker.policy import MAX_LIFE_SECONDS
from otp_worker.store.schema import deliveries, verifications

_v, _d = verifications.c, deliveries.c

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
        where = _sends_of(scope, now, test=test)
        counts = connection.execute(
            select(*(func.count().filter(_d.created_at > _start(rate, now)) for rate in scope.rates))
            .join_from(deliveries, verifications)
            .where(*where)
        ).one()
        reached = [rate for rate, count in zip(scope.rates, counts, strict=True) if count >= rate.count]
        if reached:
            free = {rate: _free_at(connection, rate, where) for rate in reached}
            latest = max(reached, key=lambda rate: free[rate])
            raise LimitReachedError(scope.limit, latest, free[latest])
        left += [
            Left(scope.limit, rate.seconds, rate.count - count - 1)
            for rate, count in zip(scope.rates, counts, strict=True)
        ]
    return left


def _sends_of(scope: Scope, now: datetime, *, test: bool) -> list[ColumnElement[bool]]:
    since = now - timedelta(seconds=scope.longest_seconds)
    where = [
        _v.test.is_(test),
        _d.created_at > since,
        # A verification sends for as long as it may live: the index on this column leaves out what is older.
        _v.created_at > since - timedelta(seconds=MAX_LIFE_SECONDS),
    ]
    if scope.limit in _COLUMNS:
        where.append(_COLUMNS[scope.limit].in_(scope.values))
    return where


def _free_at(connection: Connection, rate: Rate, where: list[ColumnElement[bool]]) -> datetime:
    """When so few of the newest sends are still in the window that one more fits."""
    newest: Select[Any] = (
        select(_d.created_at)
        .join_from(deliveries, verifications)
        .where(*where)
        .order_by(_d.created_at.desc())
        .offset(rate.count - 1)
        .limit(1)
    )
    last: datetime = connection.execute(newest).scalar_one()
    return last + timedelta(seconds=rate.seconds)


def _start(rate: Rate, now: datetime) -> datetime:
    return now - timedelta(seconds=rate.seconds)


def _take_turns(connection: Connection, scopes: Sequence[Scope]) -> None:
    # SQLite's one writer has its turn already.
    if connection.dialect.name == "postgresql":
        # Always in one order, so that two that share several scopes never wait for one another.
        for name in sorted(scope.key for scope in scopes):
            digest = hashlib.sha256(name.encode()).digest()
            lock = int.from_bytes(digest[:8], "big", signed=True)
            connection.execute(select(func.pg_advisory_xact_lock(lock)))
