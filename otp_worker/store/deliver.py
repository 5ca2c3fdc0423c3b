"""Statements of the second step: claim a delivery, and settle what came of it.

A claim's attempt number is its fencing token: only the holder of the latest one can settle. The one exception
is a gateway's acceptance: whoever holds the lease, an SMS that is known to be under way is not sent again.
Where both rows are changed, the verification's comes first: no two transactions wait for each other.
"""

from datetime import datetime, timedelta

from sqlalchemy import Connection, func

from otp_worker.domain.step import StepKind
from otp_worker.domain.verification import DeliveryStatus
from otp_worker.store import claims, steps
from otp_worker.store.acceptance import Acceptance
from otp_worker.store.database import Database
from otp_worker.store.deliver_together import Sent, Wanted, claim_all, settle_all
from otp_worker.store.job import Job, Via
from otp_worker.store.lifecycle import conclude_messages, failed_unsent, lock_verification, start_life
from otp_worker.store.schema import deliveries

_d = deliveries.c


def claim(
    db: Database, delivery_id: str, now: datetime, lease_seconds: float, worker: str | None = None
) -> Job | None:
    """Take a due delivery for ``lease_seconds``; None if it is not due, over, or another worker's.

    A first attempt is due whenever its message arrives, whatever the clock of the one that wrote it says.
    """
    wanted = Wanted(delivery_id, now, now + timedelta(seconds=lease_seconds), worker)
    job = db.together(claim_all, wanted)
    if job is not None and job.abandoned:
        # The worker that never came back may have handed the code over before it died.
        with db.update() as connection:
            _start_life(connection, job, now)
    return job


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
    taken = Acceptance(via.gateway, via.sim, message_id, reason, now, poll_at)
    db.together(settle_all, Sent(job, taken))


def settle_presumed_sent(db: Database, job: Job, via: Via, now: datetime, reason: str) -> bool:
    """Nobody knows whether the gateway took it, and it is not tried again: the code can be entered.

    False if the delivery is no longer this claim's.
    """
    with db.write() as connection:
        lock_verification(connection, job.verification_id)
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
            if job.is_message:
                conclude_messages(connection, [job.verification_id], now)
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
                # Celery holds it until then; the sweep looks after it from then on. A notice it puts on the
                # queue anew, when no code is in its way.
                published_at=due_at if job.priority is None else None,
                lease_until=None,
            )
            .returning(_d.id)
        ).first()
        if settled is not None:
            steps.write(connection, job.steps)
    return settled is not None


def park(
    db: Database, job: Job, now: datetime, reason: str, via: Via | None = None, until: datetime | None = None
) -> bool:
    """Let a claimed delivery wait in the database for a SIM, or ``until`` then; this counts as no attempt.

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
                due_at=until or now,
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


def _start_life(connection: Connection, job: Job, now: datetime) -> None:
    start_life(connection, job.verification_id, job.ttl_seconds, job.last_expiry_at, now)
