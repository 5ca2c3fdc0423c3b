"""Statements for what an operator sees at one look: what went wrong lately, what waits, and canaries."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, Select, func, or_, select

from otp_worker.domain.overview import Backlog, CanaryResult, Problem, ProblemKind
from otp_worker.domain.verification import DeliveryStatus
from otp_worker.store.database import Database
from otp_worker.store.schema import (
    IS_OPEN,
    IS_PROBLEM,
    canaries,
    deliveries,
    verifications,
)

_d, _v, _c = deliveries.c, verifications.c, canaries.c

LONG_WAIT = timedelta(seconds=30)
"""An SMS that waits for longer than this is a problem."""
_SAME_MINUTE = timedelta(minutes=1)
CANARIES_SHOWN = timedelta(days=1)
"""How far back canaries are looked at: one that is older tells nothing of today."""


def latest_problems(db: Database, now: datetime, limit: int) -> list[Problem]:
    """What failed, expired or did not arrive, newest first, behind what waits, each ``limit`` at most."""
    waits = _problems().where(
        IS_OPEN, _d.status == DeliveryStatus.WAITING, _d.priority.is_(None), _d.created_at <= now - LONG_WAIT
    )
    # What fails first unless somebody acts comes first.
    waiting = waits.order_by(_d.deadline_at, _d.id).limit(limit)
    over = _problems().where(IS_PROBLEM).order_by(_d.created_at.desc()).limit(limit)
    with db.read() as connection:
        rows = [*connection.execute(waiting), *connection.execute(over)]
    return [_problem(row) for row in rows]


def backlog(db: Database) -> Backlog:
    """The codes that wait for a SIM; a notice may wait."""
    waits = (IS_OPEN, _d.status == DeliveryStatus.WAITING, _d.priority.is_(None))
    with db.read() as connection:
        waiting, first = connection.execute(
            select(func.count(), func.min(_d.deadline_at)).where(*waits)
        ).one()
        if first is None:
            return Backlog()
        next_minute = first.replace(second=0, microsecond=0) + _SAME_MINUTE
        failing = select(func.count()).where(*waits, _d.deadline_at < next_minute)
        return Backlog(waiting, first, int(connection.execute(failing).scalar_one()))


def canary_results(db: Database, now: datetime) -> dict[str, list[CanaryResult]]:
    """What became of the last canary that each SIM sent to each other one, by the SIM that sent it.

    Of the last day's, however many more are kept.
    """
    is_over = or_(_c.arrived_at.is_not(None), _c.lost_at.is_not(None))
    newest = (
        select(func.max(_c.id).label("id"), func.count(_c.lost_at).label("lost"))
        .where(_c.sent_at > now - CANARIES_SHOWN, is_over)
        .group_by(_c.from_sim, _c.to_sim)
        .subquery()
    )
    statement = select(canaries, newest.c.lost).join(newest, _c.id == newest.c.id).order_by(_c.to_sim)
    results: dict[str, list[CanaryResult]] = {}
    with db.read() as connection:
        for row in connection.execute(statement):
            took = (row.arrived_at - row.sent_at).total_seconds() if row.arrived_at else None
            result = CanaryResult(row.to_sim, row.sent_at, took, row.lost)
            results.setdefault(row.from_sim, []).append(result)
    return results


def _problems() -> Select[Any]:
    return (
        select(
            _d.id,
            _d.verification_id,
            _d.status,
            _d.reason,
            _d.created_at,
            _v.number_masked,
            _v.country,
            _v.app,
        )
        .join(verifications, _v.id == _d.verification_id)
        .where(_v.test.is_(False))
    )


def _problem(row: Row[Any]) -> Problem:
    return Problem(
        verification_id=row.verification_id,
        delivery_id=row.id,
        kind=ProblemKind(row.status),
        to=row.number_masked,
        country=row.country,
        app=row.app,
        reason=row.reason,
        at=row.created_at,
    )
