"""Statements of the second step: claim a delivery, and settle what came of it.

A claim's attempt number is its fencing token: only the holder of the latest one can settle. The one exception
is a gateway's acceptance: whoever holds the lease, an SMS that is known to be under way is not sent again.
Where both rows are changed, the verification's comes first: no two transactions wait for each other.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BindParameter, Connection, Row, bindparam, func, insert, select

from otp_worker.domain.app_settings import read_settings
from otp_worker.domain.step import Step, StepKind, milliseconds
from otp_worker.domain.verification import DeliveryStatus
from otp_worker.store import claims, steps
from otp_worker.store.acceptance import Acceptance, record_acceptance
from otp_worker.store.apps import app_name
from otp_worker.store.database import Database
from otp_worker.store.job import Job, Via
from otp_worker.store.lifecycle import failed_unsent, lock_verification, start_life
from otp_worker.store.rows import shared_names
from otp_worker.store.schema import Instant, apps, deliveries, verifications
from otp_worker.store.schema import steps as schema_steps

_v, _d = verifications.c, deliveries.c


# What both rows have is the delivery's.
_OF_VERIFICATION = tuple(name for name in shared_names(Job, verifications) if name not in _d)


def claim(
    db: Database, delivery_id: str, now: datetime, lease_seconds: float, worker: str | None = None
) -> Job | None:
    """Take a due delivery for ``lease_seconds``; None if it is not due, over, or another worker's.

    A first attempt is due whenever its message arrives, whatever the clock of the one that wrote it says.
    """
    until = now + timedelta(seconds=lease_seconds)
    with db.write() as connection:
        claimed = claims.take(connection, delivery_id, now, until)
        if claimed is None:
            return None
        step = Step.of(delivery_id, now, StepKind.CLAIMED, detail=worker)
        # Written at once, for the worker may die. One that has waited may wait on, with nothing to tell.
        at_once = claimed.reason is None or claimed.abandoned > 0
        row = _read_claimed(connection, claimed.verification_id, step if at_once else None)
        job = _job(delivery_id, claimed, row, _earlier_sims(connection, delivery_id, row.id))
        if not at_once:
            job.steps.append(step)
    if job.abandoned:
        # The worker that never came back may have handed the code over before it died.
        with db.update() as connection:
            _start_life(connection, job, now)
    return job


def _read_claimed(connection: Connection, verification_id: str, step: Step | None) -> Row[Any]:
    """The verification of a claim, and the step of the claim written, if there is one to write."""
    this = {"this": verification_id}
    if step is None:
        return connection.execute(_OF_CLAIMED, this).one()
    if connection.dialect.name == "sqlite":
        steps.write(connection, [step])
        return connection.execute(_OF_CLAIMED, this).one()
    told = {"step_at": step.at, "step_number": step.delivery_number, "step_detail": step.detail}
    return connection.execute(_OF_CLAIMED_TOLD, this | told).one()


def _earlier_sims(connection: Connection, delivery_id: str, verification_id: str) -> tuple[str, ...]:
    if delivery_id.endswith(".1"):
        return ()
    others = select(_d.sim).where(_d.verification_id == verification_id, _d.id != delivery_id)
    return tuple(sim for sim in connection.execute(others).scalars() if sim)


def _job(delivery_id: str, claimed: Row[Any], row: Row[Any], earlier_sims: tuple[str, ...]) -> Job:
    return Job(
        delivery_id=delivery_id,
        attempt=claimed.attempts,
        lease_until=claimed.lease_until,
        abandoned=claimed.abandoned,
        uncertain=claimed.uncertain,
        created_at=claimed.created_at,
        deadline_at=claimed.deadline_at,
        sim=claimed.sim,
        earlier_sims=earlier_sims,
        verification_id=row.id,
        hashed=row.code_hash is not None,
        app_settings=read_settings(row.app_settings),
        **{name: row._mapping[name] for name in _OF_VERIFICATION},
    )


def settle_sent(
    db: Database,
    job: Job,
    via: Via,
    message_id: str | None,
    now: datetime,
    reason: str,
    poll_at: datetime | None = None,
) -> None:
    """The gateway took it: the code's life starts now; at ``poll_at`` it is asked how far the SMS came.

    It moves the delivery from whatever open status it is in, another worker's attempt included. An end that
    came first stays, and that an SMS went out all the same is noted.
    """
    with db.write() as connection:
        _start_life(connection, job, now)
        taken = Acceptance(via.gateway, via.sim, message_id, reason, now, poll_at)
        if record_acceptance(connection, job.delivery_id, taken):
            since = milliseconds(job.created_at, now)
            over = {"gateway": via.gateway, "sim": via.sim}
            steps.write(connection, [*job.steps, job.step(now, StepKind.TAKEN, milliseconds=since, **over)])


def settle_presumed_sent(db: Database, job: Job, via: Via, now: datetime, reason: str) -> bool:
    """Nobody knows whether the gateway took it, and it is not tried again: the code can be entered.

    False if the delivery is no longer this claim's.
    """
    with db.write() as connection:
        _start_life(connection, job, now)
        settled = connection.execute(
            claims.update_claimed(job).values(
                status=DeliveryStatus.SENT,
                sent_at=func.coalesce(_d.sent_at, now),
                gateway=via.gateway,
                sim=via.sim,
                reason=reason,
                lease_until=None,
            )
        )
        if settled.rowcount:
            steps.write(connection, job.steps)
    return bool(settled.rowcount)


def settle_retry(
    db: Database,
    job: Job,
    via: Via,
    status: DeliveryStatus,
    due_at: datetime,
    now: datetime,
    reason: str,
    *,
    uncertain: bool,
) -> bool:
    """Give the delivery back until ``due_at``; False if it is no longer this claim's."""
    with db.write() as connection:
        if uncertain:
            _start_life(connection, job, now)
        settled = connection.execute(
            claims.update_claimed(job)
            .values(
                status=status,
                due_at=due_at,
                gateway=via.gateway,
                sim=via.sim,
                reason=reason,
                uncertain=_d.uncertain + int(uncertain),
                # Celery holds it until then; the sweep looks after it from then on.
                published_at=due_at,
                lease_until=None,
            )
            .returning(_d.id)
        ).first()
        if settled is not None:
            steps.write(connection, job.steps)
    return settled is not None


def park(db: Database, job: Job, now: datetime, reason: str, via: Via | None = None) -> bool:
    """Let a claimed delivery wait in the database for a SIM; this does not count as an attempt.

    False if it is no longer this claim's.
    """
    with db.write() as connection:
        parked = connection.execute(
            claims.update_claimed(job).values(
                status=DeliveryStatus.WAITING,
                attempts=_d.attempts - 1,
                gateway=via.gateway if via else _d.gateway,
                sim=via.sim if via else _d.sim,
                reason=reason,
                due_at=now,
                published_at=None,
                lease_until=None,
            )
        )
        if parked.rowcount:
            over = {"gateway": via.gateway, "sim": via.sim} if via else {}
            steps.write_wait(connection, job.steps, job.step(now, StepKind.WAITING, detail=reason, **over))
    return bool(parked.rowcount)


def settle_failed(
    db: Database, job: Job, via: Via | None, status: DeliveryStatus, now: datetime, reason: str
) -> bool:
    """Give the delivery up, and its verification unless an SMS of it went, or may have gone, out.

    Without ``via`` it stays the gateway's that was asked last: a receipt of that one may still come. False if
    it is no longer this claim's.
    """
    with db.write() as connection:
        lock_verification(connection, job.verification_id)
        settled = connection.execute(
            claims.update_claimed(job)
            .values(
                status=status,
                gateway=via.gateway if via else _d.gateway,
                sim=via.sim if via else _d.sim,
                reason=reason,
                lease_until=None,
            )
            .returning(_d.id)
        ).first()
        if settled is not None:
            failed = failed_unsent(connection, [job.verification_id], now, reason)
            steps.write(connection, [*job.steps, *failed])
    return settled is not None


_THIS: BindParameter[str] = bindparam("this")

# Made once: building a statement costs more than executing it, and each delivery asks.
_OF_CLAIMED = (
    select(verifications, apps.c.settings.label("app_settings"))
    .outerjoin(apps, apps.c.name == app_name(_v.app, _v.test))
    .where(_v.id == _THIS)
)
_STEP_OF_CLAIM = insert(schema_steps).values(
    verification_id=_THIS,
    delivery_number=bindparam("step_number"),
    at=bindparam("step_at", type_=Instant()),
    kind=StepKind.CLAIMED,
    detail=bindparam("step_detail"),
)
# One statement instead of two on Postgres, where each is a round trip. SQLite knows no such, and needs none.
_OF_CLAIMED_TOLD = _OF_CLAIMED.add_cte(_STEP_OF_CLAIM.cte("told"))


def _start_life(connection: Connection, job: Job, now: datetime) -> None:
    start_life(connection, job.verification_id, job.ttl_seconds, job.last_expiry_at, now)
