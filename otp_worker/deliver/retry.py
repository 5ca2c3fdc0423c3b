"""Whether and when to try again: one pure function."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from otp_worker.domain.backoff import backoff_seconds
from otp_worker.domain.gateway import Outcome, OutcomeKind
from otp_worker.domain.sim import UncertainPolicy

MAX_ATTEMPTS = 40
LAST_CHANCE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class RetryAt:
    """Try again at this instant."""

    at: datetime


@dataclass(frozen=True, slots=True)
class GiveUp:
    """No further attempt; the reason is for people. ``late`` tells that the time is over."""

    reason: str
    late: bool = False


def decide(
    outcome: Outcome,
    *,
    attempt: int,
    uncertain: int,
    now: datetime,
    deadline: datetime,
    policy: UncertainPolicy,
    chance: float,
) -> RetryAt | GiveUp:
    """What follows a failed attempt.

    ``attempt`` counts from 1; ``uncertain`` is the number of uncertain outcomes so far, this one
    included; ``chance`` in [0, 1) spreads the delay by up to 25 % either way. The answer is never
    later than a second before ``deadline``. A gateway's Retry-After is not asked here: it closes the SIM's
    breaker, and another SIM may send at once.
    """
    if outcome.kind is OutcomeKind.REFUSED:
        return GiveUp(outcome.reason)
    if outcome.kind is OutcomeKind.UNCERTAIN and not _may_repeat(policy, uncertain):
        return GiveUp(f"it may have been sent: {outcome.reason}")
    if attempt >= MAX_ATTEMPTS:
        return GiveUp(f"given up after {attempt} attempts: {outcome.reason}")
    longest_wait = (deadline - now).total_seconds() - LAST_CHANCE_SECONDS
    if longest_wait <= 0:
        return GiveUp(f"not sent in time: {outcome.reason}", late=True)
    # One last attempt just before the deadline is worth more than giving up a full step early.
    return RetryAt(now + timedelta(seconds=min(backoff_seconds(attempt, chance), longest_wait)))


def _may_repeat(policy: UncertainPolicy, uncertain: int) -> bool:
    if policy is UncertainPolicy.RESEND_ONCE:
        return uncertain <= 1
    return policy is UncertainPolicy.REPEAT
