"""Claiming and settling the deliveries that a worker has in hand at one moment, in one transaction.

Each is claimed and settled by itself, under its own lease and fencing. They share the transaction,
and statements that take many rows. One that comes alone has plain statements of its own; tests hold the two
against each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, insert, select

from otp_worker.domain.app_settings import read_settings
from otp_worker.domain.step import Step, StepKind, milliseconds
from otp_worker.store import claims, steps
from otp_worker.store.acceptance import Acceptance, record_acceptance, record_acceptances
from otp_worker.store.apps import app_name
from otp_worker.store.database import Database
from otp_worker.store.job import Job
from otp_worker.store.lifecycle import Life, conclude_messages, start_life, start_lives
from otp_worker.store.new_delivery import abandoned_at_first
from otp_worker.store.prepared import Prepared
from otp_worker.store.rows import shared_names
from otp_worker.store.schema import Instant, apps, deliveries, verifications
from otp_worker.store.schema import steps as schema_steps

_v, _d = verifications.c, deliveries.c

# What both rows have is the delivery's.
_OF_VERIFICATION = tuple(name for name in shared_names(Job, verifications) if name not in _d)
_OF_DELIVERY = tuple(name for name in shared_names(Job, deliveries) if name != "verification_id")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A delivery that a worker wants to claim until then."""

    delivery_id: str
    now: datetime
    until: datetime
    worker: str | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """A delivery in hand that a gateway accepted."""

    job: Job
    taken: Acceptance


def claim_all(db: Database, wanted: Sequence[Wanted]) -> list[Job | None]:
    """Claim deliveries; for each its job, or None if it is not due, over, or another worker's."""
    if len(wanted) == 1:
        return [_claim_alone(db, wanted[0])]
    # Of two messages about one delivery, the first has it.
    first = {each.delivery_id: each for each in reversed(wanted)}
    now = max(each.now for each in wanted)
    with db.write() as connection:
        taken = claims.take_all(connection, {each.delivery_id: each.until for each in first.values()}, now)
        jobs = _take_up(connection, [first[delivery_id] for delivery_id in taken])
    return [jobs.pop(each.delivery_id, None) for each in wanted]


def _claim_alone(db: Database, wanted: Wanted) -> Job | None:
    with db.write() as connection:
        claimed = claims.take(connection, wanted.delivery_id, wanted.now, wanted.until)
        if claimed is None:
            return None
        step = _claim_step(wanted)
        at_once = _is_told_at_once(claimed)
        row = _read_claimed(connection, claimed.verification_id, step if at_once else None)
        job = _job(wanted.delivery_id, claimed, row, _earlier_sims(connection, wanted.delivery_id, row.id))
        if not at_once:
            job.steps.append(step)
    return job


def settle_all(db: Database, sent: Sequence[Sent]) -> Sequence[None]:
    """Write acceptances down, and start the codes' lives."""
    if len(sent) == 1:
        _settle_alone(db, sent[0])
        return [None]
    # Verifications first, and each kind in the order of its ids, as everybody locks them.
    in_order = sorted(sent, key=lambda each: each.job.delivery_id)
    with db.write() as connection:
        # The ids of messages are the lower ones.
        messages = [each.job.verification_id for each in in_order if each.job.is_message]
        conclude_messages(connection, messages, max(each.taken.accepted_at for each in sent))
        start_lives(connection, [_life(each) for each in in_order if not each.job.is_message])
        known = record_acceptances(connection, [(each.job.delivery_id, each.taken) for each in in_order])
        told = [_steps(each) for each, is_known in zip(in_order, known, strict=True) if is_known]
        steps.write(connection, [step for each in told for step in each])
    return [None] * len(sent)


def _settle_alone(db: Database, sent: Sent) -> None:
    with db.write() as connection:
        if sent.job.is_message:
            conclude_messages(connection, [sent.job.verification_id], sent.taken.accepted_at)
        else:
            start_life(connection, *_life(sent))
        if record_acceptance(connection, sent.job.delivery_id, sent.taken):
            steps.write(connection, _steps(sent))


def _take_up(connection: Connection, taken: Sequence[Wanted]) -> dict[str, Job]:
    """The jobs of deliveries that were just claimed, by their ids, with the steps that tell of it."""
    if not taken:
        return {}
    rows = _TAKEN_UP.rows(connection, {"these": [each.delivery_id for each in taken]})
    by_id = {row.delivery_id: row for row in rows}
    jobs: dict[str, Job] = {}
    told: list[Step] = []
    for each in taken:
        row = by_id[each.delivery_id]
        job = _job(each.delivery_id, row, row, _earlier_sims(connection, each.delivery_id, row.id))
        jobs[each.delivery_id] = job
        (told if _is_told_at_once(row) else job.steps).append(_claim_step(each))
    steps.write(connection, told)
    return jobs


def _claim_step(wanted: Wanted) -> Step:
    return Step.of(wanted.delivery_id, wanted.now, StepKind.CLAIMED, detail=wanted.worker)


def _is_told_at_once(claimed: Any) -> bool:
    """Whether its claim is written at once, for the worker may die. One that has waited may wait on."""
    return claimed.reason is None or claimed.abandoned > 0


def _read_claimed(connection: Connection, verification_id: str, step: Step | None) -> Any:
    """The verification of a claim, and the step of the claim written, if there is one to write."""
    this = {"this": verification_id}
    if step is None:
        return _OF_CLAIMED.first(connection, this)
    if connection.dialect.name == "sqlite":
        steps.write(connection, [step])
        return _OF_CLAIMED.first(connection, this)
    told = {"step_at": step.at, "step_number": step.delivery_number, "step_detail": step.detail}
    return _OF_CLAIMED_TOLD.first(connection, this | told)


def _earlier_sims(connection: Connection, delivery_id: str, verification_id: str) -> tuple[str, ...]:
    if delivery_id.endswith(".1"):
        return ()
    others = select(_d.sim).where(_d.verification_id == verification_id, _d.id != delivery_id)
    return tuple(sim for sim in connection.execute(others).scalars() if sim)


def _job(delivery_id: str, claimed: Any, row: Any, earlier_sims: tuple[str, ...]) -> Job:
    return Job(
        delivery_id=delivery_id,
        attempt=claimed.attempts,
        lease_until=claimed.lease_until,
        abandoned=claimed.abandoned - abandoned_at_first(claimed.route),
        uncertain=claimed.uncertain,
        created_at=claimed.created_at,
        deadline_at=claimed.deadline_at,
        sim=claimed.sim,
        priority=claimed.priority,
        route=claimed.route,
        earlier_sims=earlier_sims,
        verification_id=row.id,
        hashed=row.code_hash is not None,
        app_settings=read_settings(row.app_settings),
        **{name: getattr(row, name) for name in _OF_VERIFICATION},
    )


def _life(sent: Sent) -> Life:
    job = sent.job
    return job.verification_id, job.ttl_seconds, job.last_expiry_at, sent.taken.accepted_at


def _steps(sent: Sent) -> list[Step]:
    job, taken = sent.job, sent.taken
    since = milliseconds(job.created_at, taken.accepted_at)
    over = {"gateway": taken.gateway, "sim": taken.sim}
    return [*job.steps, job.step(taken.accepted_at, StepKind.TAKEN, milliseconds=since, **over)]


_THIS: BindParameter[str] = bindparam("this")
_VALUES = (
    _v.id,
    _v.code_hash,
    *(_v[name] for name in _OF_VERIFICATION),
    apps.c.settings.label("app_settings"),
)
_CLAIM = tuple(_d[name] for name in ("attempts", "reason", *_OF_DELIVERY))

# Made once: building a statement costs more than executing it, and each delivery asks.
_READ = select(*_VALUES).outerjoin(apps, apps.c.name == app_name(_v.app, _v.test)).where(_v.id == _THIS)
_OF_CLAIMED = Prepared(_READ)
_TAKEN_UP = Prepared(
    select(_d.id.label("delivery_id"), *_CLAIM, *_VALUES)
    .select_from(deliveries)
    .join(verifications, _v.id == _d.verification_id)
    .outerjoin(apps, apps.c.name == app_name(_v.app, _v.test))
    .where(_d.id.in_(bindparam("these", expanding=True)))
)
_STEP_OF_CLAIM = insert(schema_steps).values(
    verification_id=_THIS,
    delivery_number=bindparam("step_number"),
    at=bindparam("step_at", type_=Instant()),
    kind=StepKind.CLAIMED,
    detail=bindparam("step_detail"),
)
# One statement instead of two on Postgres, where each is a round trip. SQLite knows no such, and needs none.
_OF_CLAIMED_TOLD = Prepared(_READ.add_cte(_STEP_OF_CLAIM.cte("told")))
