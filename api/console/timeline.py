"""A verification's steps as lines of a page: when, which hop, what happened, and a bar in scale."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from api.console.words import plural, span
from otp_worker.domain.gateway import OutcomeKind
from otp_worker.domain.step import Step, StepKind

_HOPS = {
    StepKind.ACCEPTED: "request",
    StepKind.PUBLISHED: "queue",
    StepKind.CLAIMED: "worker",
    StepKind.HASHED: "worker",
    StepKind.ATTEMPT: "gateway",
    StepKind.WAITING: "waiting",
    StepKind.BREAKER_OPENED: "gateway",
    StepKind.BREAKER_CLOSED: "gateway",
    StepKind.PROBE: "waiting",
    StepKind.TAKEN: "gateway",
    StepKind.RECEIPT: "phone",
    StepKind.REPLY: "person",
    StepKind.RESEND: "request",
    StepKind.CHECK: "person",
    StepKind.APPROVED: "person",
    StepKind.ENDED: "end",
}
_GOOD = (StepKind.TAKEN, StepKind.APPROVED, StepKind.BREAKER_CLOSED)
_BAD_OUTCOMES = {
    OutcomeKind.REFUSED,
    OutcomeKind.UNAVAILABLE,
    OutcomeKind.MISCONFIGURED,
    OutcomeKind.UNCERTAIN,
    "undelivered",
    "unreachable",
    "wrong",
    "locked",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line; the bar begins at ``start`` and ends at ``end``, parts of the whole time from 0 to 1.

    ``heading`` stands above the first line of each further SMS.
    """

    at: datetime
    offset: str
    hop: str
    what: str
    tone: str
    heading: str | None
    start: float
    end: float


def lines(steps: Sequence[Step]) -> list[Line]:
    """The steps in their order, each bar from the step before it to its own instant."""
    if not steps:
        return []
    ordered = sorted(steps, key=lambda step: step.at)
    begun = ordered[0].at
    whole = max((ordered[-1].at - begun).total_seconds(), 0.001)
    shown, before, number = [], begun, 1
    for step in ordered:
        is_next = step.delivery_number is not None and step.delivery_number > number
        number = step.delivery_number if is_next and step.delivery_number else number
        passed = step.at - begun
        shown.append(
            Line(
                at=step.at,
                offset=_offset(passed),
                hop=_HOPS[step.kind],
                what=what(step),
                tone=_tone(step),
                heading=f"SMS {number}, with the same code" if is_next else None,
                start=(before - begun).total_seconds() / whole,
                end=passed.total_seconds() / whole,
            )
        )
        before = step.at
    return shown


def _offset(passed: timedelta) -> str:
    milliseconds = passed.total_seconds() * 1000
    return "0" if milliseconds < 1 else f"+{span(milliseconds)}"


def _tone(step: Step) -> str:
    if step.outcome in _BAD_OUTCOMES:
        return "bad"
    if step.kind in (StepKind.WAITING, StepKind.PROBE, StepKind.BREAKER_OPENED):
        return "look"
    if step.kind in _GOOD or step.outcome in ("delivered", "right"):
        return "good"
    return "plain"


def what(step: Step) -> str:
    """What happened, in a few words for people."""
    return _WHAT[step.kind](step)


def _accepted(step: Step) -> str:
    template = f", template {step.detail}" if step.detail else ""
    return f"accepted{template}"


def _attempt(step: Step) -> str:
    via = f" by {step.sim or step.gateway}" if step.sim or step.gateway else ""
    status = f", HTTP {step.http_status}" if step.http_status else ""
    took = f", after {span(step.milliseconds)}" if step.milliseconds is not None else ""
    return f"tried{via}: {step.detail or step.outcome or 'no answer'}{status}{took}"


def _waiting(step: Step) -> str:
    place = f", {plural(step.count, 'message')} before it" if step.count else ""
    return f"waits: {step.detail or 'for a phone'}{place}"


def _breaker(words: str) -> Callable[[Step], str]:
    def say(step: Step) -> str:
        away = f" after {span(step.milliseconds)}" if step.milliseconds is not None else ""
        why = f": {step.detail}" if step.detail else ""
        return f"{step.sim or step.gateway or 'the gateway'} {words}{away}{why}"

    return say


def _probe(step: Step) -> str:
    times = plural(step.count or 1, "time")
    return f"asked {times} whether {step.sim or step.gateway or 'the phone'} is back"


def _taken(step: Step) -> str:
    total = f", {span(step.milliseconds)} after the request" if step.milliseconds is not None else ""
    return f"taken over by {step.sim or step.gateway or 'the gateway'}{total}"


def _receipt(step: Step) -> str:
    after = f", {span(step.milliseconds)} after it was taken" if step.milliseconds is not None else ""
    return f"receipt: {step.outcome or 'unknown'}{after}"


def _check(step: Step) -> str:
    left = f", {plural(step.count, 'try', 'tries')} left" if step.count is not None else ""
    return {
        "right": "entered the right code",
        "wrong": f"entered a wrong code{left}",
        "locked": "entered a code while the number is locked",
    }.get(step.outcome or "", "entered a code")


def _approved(step: Step) -> str:
    total = f" {span(step.milliseconds)} after the request" if step.milliseconds is not None else ""
    return f"approved{total}"


def _ended(step: Step) -> str:
    why = f": {step.detail}" if step.detail else ""
    return f"{(step.outcome or 'over').replace('_', ' ')}{why}"


_WHAT: dict[StepKind, Callable[[Step], str]] = {
    StepKind.ACCEPTED: _accepted,
    StepKind.PUBLISHED: lambda step: "put on the queue",
    StepKind.CLAIMED: lambda step: f"taken up by {step.detail or 'a worker'}",
    StepKind.HASHED: lambda step: f"code prepared in {span(step.milliseconds)}",
    StepKind.ATTEMPT: _attempt,
    StepKind.WAITING: _waiting,
    StepKind.BREAKER_OPENED: _breaker("went away"),
    StepKind.BREAKER_CLOSED: _breaker("is back"),
    StepKind.PROBE: _probe,
    StepKind.TAKEN: _taken,
    StepKind.RECEIPT: _receipt,
    StepKind.REPLY: lambda step: f"texted back: {step.outcome or 'something for support'}",
    StepKind.RESEND: lambda step: "asked for the same code once more",
    StepKind.CHECK: _check,
    StepKind.APPROVED: _approved,
    StepKind.ENDED: _ended,
}
