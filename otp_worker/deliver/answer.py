"""What a gateway answered: kept until it is settled, and said at once."""

from datetime import datetime

import structlog

from otp_worker.deliver.router import Way
from otp_worker.domain.gateway import Message, Outcome, OutcomeKind
from otp_worker.domain.step import StepKind
from otp_worker.domain.tracing import Tracer
from otp_worker.gateways.hand_over import hand_over
from otp_worker.store.job import Job

log = structlog.get_logger()


def ask(tracer: Tracer, way: Way, message: Message) -> Outcome:
    """Hand a message over; its outcome."""
    with tracer.span("otp.hand_over") as span:
        outcome = hand_over(way.gateway, message)
        span.note(gateway=way.via.gateway, sim=way.via.sim, outcome=outcome.kind)
    return outcome


def note_answer(job: Job, way: Way, outcome: Outcome, now: datetime, seconds: float) -> None:
    """Note an attempt that took so long, or a probe, if it asked in vain whether the gateway is back."""
    is_in_vain = outcome.is_outage or outcome.kind is OutcomeKind.THROTTLED
    is_probe = is_in_vain and way.permit is not None and bool(way.permit.probes)
    step = job.step(
        now,
        StepKind.PROBE if is_probe else StepKind.ATTEMPT,
        outcome=outcome.kind,
        http_status=outcome.http_status,
        milliseconds=round(seconds * 1000),
        count=1 if is_probe else None,
        gateway=way.via.gateway,
        sim=way.via.sim,
        detail=outcome.reason,
    )
    job.steps.append(step)
    if is_probe:
        # Probes are counted: there is a line when the breaker opens, and one when it closes.
        return
    log.info(
        "attempt",
        verification=job.verification_id,
        delivery=job.delivery_id,
        attempt=job.attempt,
        gateway=step.gateway,
        sim=step.sim,
        outcome=outcome.kind.value,
        http_status=step.http_status,
        ms=step.milliseconds,
        reason=step.detail,
    )
