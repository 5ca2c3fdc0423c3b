"""A verification's steps as a trail that people read: when, how long after the request, and what happened."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from otp_worker.domain.cause.words import lasting, of_email
from otp_worker.domain.gateway import OutcomeKind
from otp_worker.domain.message import ID_PREFIX, is_message
from otp_worker.domain.public_reason import public_reason
from otp_worker.domain.quiet_hours import QUIET
from otp_worker.domain.step import Step, StepKind
from otp_worker.domain.verification import Delivery, Verification, VerificationStatus, is_email

_HOPS = {
    StepKind.ACCEPTED: "app",
    StepKind.PUBLISHED: "queue",
    StepKind.CLAIMED: "worker",
    StepKind.HASHED: "worker",
    StepKind.ATTEMPT: "gateway",
    StepKind.WAITING: "database",
    StepKind.BREAKER_OPENED: "gateway",
    StepKind.BREAKER_CLOSED: "gateway",
    StepKind.PROBE: "gateway",
    StepKind.TAKEN: "gateway",
    StepKind.RECEIPT: "gateway",
    StepKind.REPLY: "person",
    StepKind.RESEND: "app",
    StepKind.CHECK: "app",
    StepKind.APPROVED: "app",
    StepKind.ENDED: "service",
}
_ATTEMPTS: dict[str, str] = {
    OutcomeKind.ACCEPTED: "it was handed over",
    OutcomeKind.REFUSED: "the number or the message was refused",
    OutcomeKind.DEFERRED: "it was not taken just now",
    OutcomeKind.UNCERTAIN: "no answer came, so it may have been sent",
    OutcomeKind.WITHDRAWN: "it was not wanted any more",
}
_REPLIES = {
    "stop": "the person texted STOP",
    "start": "the person texted START",
    "report": "the person reported that somebody else asked for the code",
    "approved": "the person texted the token",
}
_CHECKS = {
    "right": "the right code was typed",
    "wrong": "a wrong code was typed",
    "locked": "a code was typed while the number is locked",
}


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of a trail; ``milliseconds`` are those since its first, ``hop`` is where it happened.

    ``for_operators`` names SIMs, gateways and workers, ``for_apps`` does not.
    """

    at: datetime
    kind: StepKind
    milliseconds: int
    hop: str
    for_operators: str
    for_apps: str


def timeline(
    verification: Verification, deliveries: Sequence[Delivery], steps: Sequence[Step], outages: Iterable[Step]
) -> list[Moment]:
    """The trail of a verification; what only its rows tell is in it too, as of what an older version did.

    Of the ``outages`` those are in it that began or ended between the request and the last step.
    """
    own = [*steps, *_untold(verification, deliveries, steps)]
    last_at = max((step.at for step in own), default=verification.created_at)
    within = [step for step in outages if verification.created_at <= step.at <= last_at]
    told = sorted([*own, *within], key=lambda step: step.at)
    first_at = told[0].at if told else verification.created_at
    about = _about(verification)
    emails = {each.id for each in deliveries if is_email(verification, each)}
    moments = [_moment(step, first_at, len(deliveries) > 1, about) for step in told]
    return [
        _of_email(moment) if step.delivery_id in emails else moment
        for step, moment in zip(told, moments, strict=True)
    ]


def _of_email(moment: Moment) -> Moment:
    operators, apps = of_email(moment.for_operators), of_email(moment.for_apps)
    return replace(moment, for_operators=operators, for_apps=apps)


def describe(step: Step) -> Moment:
    """One step alone, as the operator follows it live."""
    return _moment(step, step.at, step.delivery_number not in (None, 1))


def _about(verification: Verification) -> str:
    """What its app says of it, behind the words for its request."""
    purpose = f", purpose {verification.purpose}" if verification.purpose else ""
    return purpose + (f", reference {verification.client_reference}" if verification.client_reference else "")


def _moment(step: Step, first_at: datetime, is_numbered: bool, about: str = "") -> Moment:
    ending = about if step.kind is StepKind.ACCEPTED else ""
    sms = f"SMS {step.delivery_number}: " if is_numbered and step.delivery_number else ""
    return Moment(
        step.at,
        step.kind,
        round((step.at - first_at) / timedelta(milliseconds=1)),
        _HOPS[step.kind],
        sms + _operators(step) + ending,
        sms + _apps(step) + ending,
    )


def _untold(verification: Verification, deliveries: Sequence[Delivery], steps: Sequence[Step]) -> list[Step]:
    """What the rows say and no step does."""
    told = {(step.kind, step.delivery_number) for step in steps}
    kinds = {step.kind for step in steps}
    found = [
        step for each in deliveries for step in _of_row(each) if (step.kind, step.delivery_number) not in told
    ]
    if StepKind.ACCEPTED not in kinds:
        found.insert(0, Step(verification.created_at, StepKind.ACCEPTED, verification.id))
    # A message that may have been sent is over with that: nothing of it is approved.
    was_sent = is_message(verification) and verification.status is VerificationStatus.APPROVED
    if verification.ended_at and not was_sent and not kinds & {StepKind.APPROVED, StepKind.ENDED}:
        found.append(_end(verification, verification.ended_at))
    return found


def _of_row(delivery: Delivery) -> Iterator[Step]:
    """How far an SMS came, as its row says."""
    verification_id, _, number = delivery.id.rpartition(".")
    for at, kind, outcome in (
        (delivery.sent_at, StepKind.TAKEN, None),
        (delivery.delivered_at, StepKind.RECEIPT, "delivered"),
    ):
        if at is not None:
            yield Step(
                at, kind, verification_id, int(number), outcome, gateway=delivery.gateway, sim=delivery.sim
            )


def _end(verification: Verification, at: datetime) -> Step:
    """How it ended, as its row says."""
    if verification.status is VerificationStatus.APPROVED:
        return Step(at, StepKind.APPROVED, verification.id, detail=verification.reason)
    return Step(at, StepKind.ENDED, verification.id, outcome=verification.status, detail=verification.reason)


def _operators(step: Step) -> str:
    detail = f": {step.detail}" if step.detail else ""
    if step.kind is StepKind.CLAIMED:
        return f"taken up by worker {step.detail}" if step.detail else _apps(step)
    if step.kind is StepKind.ACCEPTED:
        return f"{_apps(step)}{f', template {step.detail}' if step.detail else ''}{_left(step)}"
    if step.kind is StepKind.ATTEMPT:
        took = f" in {step.milliseconds} ms" if step.milliseconds is not None else ""
        status = f" (HTTP {step.http_status})" if step.http_status else ""
        return f"{_whom(step)} answered {step.outcome or 'something'}{status}{took}{detail}"
    if step.kind is StepKind.PUBLISHED:
        return "put on the queue again, as no worker had taken it up"
    if step.kind is StepKind.WAITING:
        return f"waits{detail}{_position(step)}"
    if step.kind is StepKind.BREAKER_OPENED:
        return f"{_whom(step)} is {'asked to wait' if step.sim else 'away'}{detail}"
    if step.kind is StepKind.BREAKER_CLOSED:
        return f"{_whom(step)} is back{_after(step)}"
    if step.kind is StepKind.PROBE:
        return f"asked {_times(step)} whether {_whom(step)} is back"
    if step.kind is StepKind.TAKEN:
        return f"{_whom(step)} took the SMS over"
    if step.kind is StepKind.ENDED:
        return f"ended as {step.outcome or 'over'}{detail}"
    return _apps(step)


def _apps(step: Step) -> str:
    of_message = (step.verification_id or "").startswith(ID_PREFIX)
    plain = {
        StepKind.ACCEPTED: "the text was given" if of_message else "the code was asked for",
        StepKind.PUBLISHED: "put on the queue again",
        StepKind.CLAIMED: "a worker took it up",
        StepKind.RESEND: "another SMS with the same code was asked for",
        StepKind.BREAKER_OPENED: "the phone went offline",
        StepKind.TAKEN: "the SMS was handed over",
        StepKind.APPROVED: step.detail or "approved",
    }
    if step.kind in plain:
        return plain[step.kind]
    if step.kind is StepKind.HASHED:
        took = f" in {step.milliseconds} ms" if step.milliseconds is not None else ""
        return f"the code was made and hashed{took}"
    if step.kind is StepKind.ATTEMPT:
        return _ATTEMPTS.get(step.outcome or "", "it could not be sent just now")
    if step.kind is StepKind.WAITING:
        return (
            f"waits: {QUIET}"
            if step.detail == QUIET
            else f"waits for a phone that can send it{_position(step)}"
        )
    if step.kind is StepKind.BREAKER_CLOSED:
        return f"the phone is back{_after(step)}"
    if step.kind is StepKind.PROBE:
        return f"asked {_times(step)} whether the phone is back"
    return _of_the_person(step)


def _of_the_person(step: Step) -> str:
    if step.kind is StepKind.RECEIPT:
        after = f" {lasting(step.milliseconds / 1000)} after it was handed over" if step.milliseconds else ""
        return f"the receipt says {step.outcome or 'something'}{after}"
    if step.kind is StepKind.REPLY:
        return _REPLIES.get(step.outcome or "", "the person texted something")
    if step.kind is StepKind.CHECK:
        left = f"; {step.count} checks are left" if step.count is not None and step.outcome == "wrong" else ""
        return f"{_CHECKS.get(step.outcome or '', 'a code was typed')}{left}"
    reason = _public(step)
    return f"ended as {step.outcome or 'over'}{f': {reason}' if reason else ''}"


def _public(step: Step) -> str | None:
    try:
        return public_reason(VerificationStatus(step.outcome or ""), step.detail)
    except ValueError:
        return None


def _whom(step: Step) -> str:
    if step.sim:
        return f"SIM {step.sim}"
    return f"gateway {step.gateway}" if step.gateway else "the gateway"


def _left(step: Step) -> str:
    if step.count is None:
        return ""
    # Most have one limit of a send in half a minute: that is used up by each, and soon free again.
    more = f"{step.count} more may be sent within its limits" if step.count else "the next one has to wait"
    return f", {more}"


def _position(step: Step) -> str:
    return f", number {step.count} in line" if step.count else ""


def _after(step: Step) -> str:
    return f" after {lasting(step.milliseconds / 1000)}" if step.milliseconds is not None else ""


def _times(step: Step) -> str:
    return "once" if step.count == 1 else f"{step.count or 'several'} times"
