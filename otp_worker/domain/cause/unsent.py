"""Why an SMS that may still be sent is not sent yet."""

from otp_worker.domain.cause import hindrance, words
from otp_worker.domain.cause.facts import Cause, Facts, cause
from otp_worker.domain.gateway import OutcomeKind
from otp_worker.domain.message import is_message
from otp_worker.domain.quiet_hours import QUIET
from otp_worker.domain.step import StepKind
from otp_worker.domain.verification import Delivery, DeliveryStatus

STUCK_SECONDS = 10
"""A due delivery that nothing has happened to for so long is not moving."""
GONE_SECONDS = 45
"""A worker that has had a delivery for longer than any lease has not come back."""


def unsent(facts: Facts, delivery: Delivery) -> Cause:
    """The cause of a delivery that is queued, waiting or being sent."""
    if delivery.status is DeliveryStatus.SENDING:
        return _in_hand(facts, delivery)
    if facts.now >= delivery.deadline_at:
        return _overdue(facts, delivery)
    if delivery.status is DeliveryStatus.WAITING:
        if delivery.reason == QUIET:
            return _quiet(facts, delivery)
        return _waiting(facts, delivery)
    idle = (facts.now - max(delivery.due_at, delivery.created_at)).total_seconds()
    if idle > STUCK_SECONDS:
        return _stuck(facts, delivery, idle)
    if delivery.attempts:
        return _tried(facts, delivery)
    ago = (facts.now - delivery.created_at).total_seconds()
    return cause(
        f"Accepted {words.lasting(ago)} ago: a worker takes it up next", f"{_ago(ago)}: it is sent next"
    )


def _ago(seconds: float) -> str:
    return f"Accepted {words.lasting(seconds)} ago"


def _latest(facts: Facts, delivery: Delivery) -> str:
    return f"at the latest until {facts.minute(delivery.deadline_at)}"


def _in_hand(facts: Facts, delivery: Delivery) -> Cause:
    claims = facts.unanswered_claims(delivery)
    if not claims:
        return cause("A worker is sending it at this moment", "It is being sent at this moment")
    first, last = claims[0], claims[-1]
    worker = f"worker {last.detail}" if last.detail else "a worker"
    died = f"worker {first.detail}" if first.detail else "a worker"
    if len(claims) > 1:
        return cause(
            f"{died} took it up at {facts.second(first.at)} and never came back, so it "
            f"may have been sent; {worker} has it since {facts.second(last.at)}",
            f"It may have been sent; it has been tried again since {facts.second(last.at)}",
        )
    held = (facts.now - last.at).total_seconds()
    if held > GONE_SECONDS:
        return cause(
            f"{worker} took it up {words.lasting(held)} ago and has not come back, so it may have been sent; "
            "another worker takes over",
            "It may have been sent; it is tried again",
        )
    return cause(f"Being sent by {worker} since {facts.second(last.at)}", "It is being sent at this moment")


def _overdue(facts: Facts, delivery: Delivery) -> Cause:
    late = words.too_late(facts.minute(delivery.deadline_at))
    why = hindrance.for_operators(facts, delivery, delivery.reason, delivery.deadline_at)
    told = hindrance.for_apps(facts, delivery, delivery.reason, delivery.deadline_at)
    return cause(f"{late}: {why}" if why else late, f"{late}: {told}" if told else late)


def _waiting(facts: Facts, delivery: Delivery) -> Cause:
    why = hindrance.for_operators(facts, delivery, delivery.reason, facts.now)
    told = hindrance.for_apps(facts, delivery, delivery.reason, facts.now)
    latest = _latest(facts, delivery)
    if hindrance.is_offline(facts, delivery, delivery.reason, facts.now):
        then = f"it is sent when it is back, {latest}"
    else:
        then = f"it is sent as soon as a SIM can send it, {latest}"
    waits = facts.last(delivery, StepKind.WAITING)
    line = f"It is number {waits.count} in line." if waits and waits.count else ""
    return cause(
        f"Waiting: {why or 'for a SIM that can send it'}; {then}",
        f"Waiting: {told}; {then}" if told else f"Waiting for a phone that can send it, {latest}",
    ).followed_by(line)


def _quiet(facts: Facts, delivery: Delivery) -> Cause:
    if delivery.due_at >= delivery.deadline_at:
        return cause(f"{QUIET}, until after {facts.minute(delivery.deadline_at)}, when it expires unsent")
    return cause(f"{QUIET}; it is sent from {facts.minute(delivery.due_at)} on")


def _stuck(facts: Facts, delivery: Delivery, idle: float) -> Cause:
    return cause(
        f"No worker has taken it up for {words.lasting(idle)}: look whether workers and beat run; "
        f"otherwise it fails at {facts.minute(delivery.deadline_at)}",
        f"Not sent yet, {words.lasting(idle)} after it was due; it is sent {_latest(facts, delivery)}",
    )


def _tried(facts: Facts, delivery: Delivery) -> Cause:
    attempt = facts.last(delivery, StepKind.ATTEMPT)
    reason = (attempt.detail if attempt else None) or delivery.reason or "no reason is known"
    again = facts.second(delivery.due_at)
    if attempt is not None and attempt.outcome == OutcomeKind.UNCERTAIN:
        maybe = f"It may have been sent at {facts.second(attempt.at)}"
        what = "text" if is_message(facts.verification) else "code"
        return cause(
            f"{maybe}, but {reason}; the same {what} is sent once more at {again}",
            f"{maybe}, but no answer came; the same {what} is sent once more at {again}",
        )
    return cause(
        f"{words.counted(delivery.attempts, 'attempt')} failed ({reason}); the next one is at {again}",
        f"It could not be sent yet; the next attempt is at {again}",
    )
