"""Statements about steps: written in the transaction of what they tell, and read as a trail.

Nothing depends on them: older versions write none. Only what a transaction has changed is told of, so that
its verification is there and stays. A row is written once, but for probes, which are counted.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache, partial
from typing import Any

from sqlalchemy import BindParameter, Connection, Row, bindparam, insert, select, update
from sqlalchemy.dialects import postgresql

from otp_worker.domain.step import Step, StepKind
from otp_worker.store.batches import delete_where
from otp_worker.store.database import Database, after_commit
from otp_worker.store.prepared import Prepared
from otp_worker.store.rows import shared_names
from otp_worker.store.schema import Instant, steps
from otp_worker.store.step_log import EVENTS, say

_s = steps.c
_STEP = shared_names(Step, steps)
_IN_ORDER = tuple(name for name in (column.name for column in _s) if name in _STEP)
"""The same as the table has them, and so as an INSERT names them."""


def write(connection: Connection, taken: Sequence[Step]) -> None:
    """Write steps, in this order, and log them; a probe is counted where its delivery has asked before."""
    new = [each for each in taken if each.kind is not StepKind.PROBE or not _count_probe(connection, each)]
    if connection.dialect.name == "sqlite":
        _insert_each(connection, new)
    else:
        _insert_together(connection, new)
    said = [each for each in taken if each.kind in EVENTS]
    if said:
        after_commit(connection, partial(say, said))


def write_wait(connection: Connection, taken: Sequence[Step], wait: Step) -> None:
    """Write what a delivery did before it waits, and the wait, unless it goes on with the same one."""
    is_tried = any(each.kind is StepKind.ATTEMPT for each in taken)
    # What was only taken up to be put back has nothing to tell.
    told = [each for each in taken if is_tried or each.kind is not StepKind.CLAIMED]
    of_delivery = {"of_verification": wait.verification_id, "number": wait.delivery_number}
    last = connection.execute(_LAST, of_delivery).first()
    is_same = last is not None and last.kind == StepKind.WAITING and last.detail == wait.detail
    write(connection, told if is_same and not is_tried else [*told, wait])


def last_check(connection: Connection, verification_id: str) -> str | None:
    """What came of the last check of a verification, as far as it is told."""
    return connection.execute(_LAST_CHECK, {"of_verification": verification_id}).scalar()


def of_verifications(db: Database, verification_ids: Sequence[str]) -> dict[str, list[Step]]:
    """The steps of each of these verifications in the order of their writing."""
    found: dict[str, list[Step]] = {each: [] for each in verification_ids}
    statement = select(steps).where(_s.verification_id.in_(verification_ids)).order_by(_s.id)
    with db.read() as connection:
        for row in connection.execute(statement):
            found[row.verification_id].append(step_of(row))
    return found


def of_gateways(db: Database, gateways: Iterable[str], since: datetime, until: datetime) -> list[Step]:
    """When these gateways and their SIMs went away and came back, in the order of time."""
    statement = (
        select(steps)
        .where(_s.verification_id.is_(None), _s.at.between(since, until), _s.gateway.in_(list(gateways)))
        .order_by(_s.at, _s.id)
    )
    with db.read() as connection:
        return [step_of(row) for row in connection.execute(statement)]


def purge(db: Database, before: datetime) -> int:
    """Delete the steps of gateways from before then; a verification's go with it."""
    return delete_where(db, steps, _s.verification_id.is_(None), _s.at <= before)


def _insert_each(connection: Connection, new: Sequence[Step]) -> None:
    if new:
        _INSERT.run(connection, [{name: getattr(each, name) for name in _STEP} for each in new])


def _insert_together(connection: Connection, new: Sequence[Step]) -> None:
    """One statement for all: on Postgres its round trip costs more than its rows."""
    for first in range(0, len(new), _AT_ONCE):
        part = new[first : first + _AT_ONCE]
        values = tuple(getattr(each, name) for each in part for name in _IN_ORDER)
        connection.exec_driver_sql(_insert_of(len(part)), values)


@cache
def _insert_of(number: int) -> str:
    """The INSERT of so many steps, made once: SQLAlchemy keeps none of several rows."""
    psycopg: Any = postgresql.psycopg
    insertion = insert(steps).values([dict.fromkeys(_STEP)] * number)
    return str(insertion.compile(dialect=psycopg.dialect(paramstyle="format")))


_AT_ONCE = 100
"""So many steps are written by one statement: Postgres takes 65,535 values in one."""

# Made once: building a statement costs more than executing it.
_INSERT = Prepared(insert(steps))
_OF_VERIFICATION: BindParameter[str] = bindparam("of_verification")
_NUMBER: BindParameter[int] = bindparam("number")
_LAST = (
    select(_s.kind, _s.detail)
    .where(
        _s.verification_id == _OF_VERIFICATION,
        _s.delivery_number == _NUMBER,
        _s.kind.not_in((StepKind.PROBE, StepKind.CLAIMED, StepKind.HASHED)),
    )
    .order_by(_s.id.desc())
    .limit(1)
)
_LAST_CHECK = (
    select(_s.outcome)
    .where(_s.verification_id == _OF_VERIFICATION, _s.kind == StepKind.CHECK)
    .order_by(_s.id.desc())
    .limit(1)
)
_COUNT_PROBE = (
    update(steps)
    .where(
        _s.verification_id == _OF_VERIFICATION,
        _s.delivery_number == _NUMBER,
        _s.kind == StepKind.PROBE,
        _s.gateway == bindparam("asked_gateway"),
    )
    .values(
        at=bindparam("now", type_=Instant()),
        count=_s.count + 1,
        outcome=bindparam("answer"),
        http_status=bindparam("status"),
        milliseconds=bindparam("took"),
        detail=bindparam("why"),
        sim=bindparam("asked_sim"),
    )
    .returning(_s.id)
)


def _count_probe(connection: Connection, probe: Step) -> bool:
    """Count one more probe; False if it is the delivery's first one of that gateway."""
    asked = {
        "of_verification": probe.verification_id,
        "number": probe.delivery_number,
        "asked_gateway": probe.gateway,
        "asked_sim": probe.sim,
        "now": probe.at,
        "answer": probe.outcome,
        "status": probe.http_status,
        "took": probe.milliseconds,
        "why": probe.detail,
    }
    return connection.execute(_COUNT_PROBE, asked).first() is not None


def step_of(row: Row[Any]) -> Step:
    """A step from the values of its row."""
    return Step(**{name: row._mapping[name] for name in _STEP} | {"kind": StepKind(row.kind)})
