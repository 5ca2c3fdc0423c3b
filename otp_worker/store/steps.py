"""Statements about steps: written in the transaction of what they tell, never changed, read as a trail."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from otp_worker.domain.step import Step, StepKind
from otp_worker.store.batches import delete_where
from otp_worker.store.database import Database
from otp_worker.store.rows import shared_names
from otp_worker.store.schema import steps

_s = steps.c
_STEP = shared_names(Step, steps)
# Made once: building a statement costs more than executing it.
_INSERT = insert(steps)


def write(connection: Connection, taken: Sequence[Step]) -> None:
    """Write steps, in this order."""
    if taken:
        connection.execute(_INSERT, [asdict(each) for each in taken])


def of_verification(db: Database, verification_id: str) -> list[Step]:
    """The steps of a verification in the order of their writing."""
    statement = select(steps).where(_s.verification_id == verification_id).order_by(_s.id)
    with db.read() as connection:
        return [step_of(row) for row in connection.execute(statement)]


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


def step_of(row: Row[Any]) -> Step:
    """A step from the values of its row."""
    return Step(**{name: row._mapping[name] for name in _STEP} | {"kind": StepKind(row.kind)})
