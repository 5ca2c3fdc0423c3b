"""Log lines of steps: one for each that an operator follows a verification by, said when it is committed."""

from collections.abc import Sequence
from contextvars import Context
from typing import Any

import structlog

from otp_worker.domain.step import Step, StepKind

log = structlog.get_logger()

EVENTS = {
    StepKind.ACCEPTED: "accepted",
    StepKind.RESEND: "resend",
    StepKind.WAITING: "waiting",
    StepKind.TAKEN: "handed_over",
    StepKind.CHECK: "check",
    StepKind.APPROVED: "ended",
    StepKind.ENDED: "ended",
    StepKind.BREAKER_OPENED: "breaker_opened",
    StepKind.BREAKER_CLOSED: "breaker_closed",
}
"""What their lines are called. An attempt and a receipt are said where they happen, written or not."""


def say(taken: Sequence[Step]) -> None:
    """Log steps. A thread writes for others too: what is bound to it says nothing of them."""
    Context().run(_say, taken)


def _say(taken: Sequence[Step]) -> None:
    for step in taken:
        told = {
            "verification": step.verification_id,
            "delivery": step.delivery_id,
            "outcome": "approved" if step.kind is StepKind.APPROVED else step.outcome,
            "gateway": step.gateway,
            "sim": step.sim,
            "ms": step.milliseconds,
            **_counted(step),
        }
        log.info(EVENTS[step.kind], **{name: value for name, value in told.items() if value is not None})


def _counted(step: Step) -> dict[str, Any]:
    """Its count and its detail, by the names that say what they are."""
    if step.kind is StepKind.ACCEPTED:
        return {"left": step.count, "template": step.detail}
    names = {StepKind.CHECK: "left", StepKind.BREAKER_CLOSED: "probes"}
    return {names.get(step.kind, "position"): step.count, "reason": step.detail}
