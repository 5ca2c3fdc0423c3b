"""Whether and when to try again."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otp_worker.deliver.retry import MAX_ATTEMPTS, GiveUp, RetryAt, decide
from otp_worker.domain.backoff import BACKOFF_SECONDS, JITTER
from otp_worker.domain.gateway import Outcome, OutcomeKind
from otp_worker.domain.sim import UncertainPolicy

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
RETRIED = (OutcomeKind.UNAVAILABLE, OutcomeKind.THROTTLED)


def decided(
    kind: OutcomeKind,
    *,
    attempt: int = 1,
    uncertain: int = 0,
    left: float = 300.0,
    retry_after: float = 0.0,
    policy: UncertainPolicy = UncertainPolicy.RESEND_ONCE,
    chance: float = 0.5,
) -> RetryAt | GiveUp:
    return decide(
        Outcome(kind, "the reason", retry_after_seconds=retry_after),
        attempt=attempt,
        uncertain=uncertain,
        now=NOW,
        deadline=NOW + timedelta(seconds=left),
        policy=policy,
        chance=chance,
    )


def test_a_refusal_is_final() -> None:
    assert decided(OutcomeKind.REFUSED) == GiveUp("the reason")


@pytest.mark.parametrize("kind", RETRIED)
@pytest.mark.parametrize(("attempt", "seconds"), list(enumerate([1, 2, 5, 10, 20, 30, 30, 30], start=1)))
def test_waits_grow_to_half_a_minute(kind: OutcomeKind, attempt: int, seconds: float) -> None:
    assert decided(kind, attempt=attempt) == RetryAt(NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("policy", "uncertain", "again"),
    [
        (UncertainPolicy.NEVER, 1, False),
        (UncertainPolicy.RESEND_ONCE, 1, True),
        (UncertainPolicy.RESEND_ONCE, 2, False),
        (UncertainPolicy.REPEAT, 7, True),
    ],
)
def test_what_may_have_been_sent_is_repeated_by_policy(
    policy: UncertainPolicy, uncertain: int, again: bool
) -> None:
    decision = decided(OutcomeKind.UNCERTAIN, uncertain=uncertain, policy=policy)
    once_more, over = RetryAt(NOW + timedelta(seconds=1)), GiveUp("it may have been sent: the reason")
    assert decision == (once_more if again else over)


def test_it_gives_up_at_the_attempt_cap() -> None:
    assert isinstance(decided(OutcomeKind.UNAVAILABLE, attempt=MAX_ATTEMPTS - 1), RetryAt)
    decision = decided(OutcomeKind.UNAVAILABLE, attempt=MAX_ATTEMPTS)
    assert isinstance(decision, GiveUp)
    assert not decision.late


def test_one_last_attempt_is_made_just_before_the_deadline() -> None:
    assert decided(OutcomeKind.UNAVAILABLE, attempt=6, left=10) == RetryAt(NOW + timedelta(seconds=9))


def test_when_the_time_is_over_it_says_so() -> None:
    assert decided(OutcomeKind.UNAVAILABLE, left=1) == GiveUp("not sent in time: the reason", late=True)


@pytest.mark.parametrize("kind", RETRIED)
def test_the_policy_is_for_uncertain_outcomes_alone(kind: OutcomeKind) -> None:
    decision = decided(kind, uncertain=3, policy=UncertainPolicy.NEVER)
    assert decision == RetryAt(NOW + timedelta(seconds=1))


@pytest.mark.parametrize("retry_after", [45.0, 300.0, 1e300, float("inf")])
def test_a_gateway_that_asks_to_wait_does_not_make_the_message_wait_nor_fail(retry_after: float) -> None:
    assert decided(OutcomeKind.THROTTLED, retry_after=retry_after) == decided(OutcomeKind.THROTTLED)


@given(st.sampled_from(OutcomeKind), st.integers(MAX_ATTEMPTS, 1000), st.floats(-100, 600))
def test_no_outcome_is_tried_beyond_the_cap(kind: OutcomeKind, attempt: int, left: float) -> None:
    decision = decided(kind, attempt=attempt, left=left, policy=UncertainPolicy.REPEAT)
    assert isinstance(decision, GiveUp)
    assert not decision.late


@given(st.lists(st.floats(0, 1, exclude_max=True), min_size=MAX_ATTEMPTS), st.integers(10, 540))
def test_a_phone_that_stays_offline_is_asked_until_just_before_the_deadline(
    chances: list[float], left: int
) -> None:
    at, deadline = NOW, NOW + timedelta(seconds=left)
    for attempt, chance in enumerate(chances, start=1):
        remaining = (deadline - at).total_seconds()
        decision = decided(OutcomeKind.UNAVAILABLE, attempt=attempt, left=remaining, chance=chance)
        if isinstance(decision, GiveUp):
            break
        at += decision.at - NOW
    assert decision == GiveUp("not sent in time: the reason", late=True)
    assert at == deadline - timedelta(seconds=1)


@given(
    kind=st.sampled_from([*RETRIED, OutcomeKind.UNCERTAIN]),
    attempt=st.integers(1, MAX_ATTEMPTS - 1),
    left=st.floats(-100, 600),
    chance=st.floats(0, 1, exclude_max=True),
)
def test_never_past_the_deadline_never_further_off_than_the_jitter(
    kind: OutcomeKind, attempt: int, left: float, chance: float
) -> None:
    decision = decided(
        kind,
        attempt=attempt,
        uncertain=1,
        left=left,
        policy=UncertainPolicy.REPEAT,
        chance=chance,
    )
    if isinstance(decision, RetryAt):
        wait = (decision.at - NOW).total_seconds()
        step = BACKOFF_SECONDS[min(attempt, len(BACKOFF_SECONDS)) - 1]
        assert wait < left
        assert wait <= step * (1 + JITTER) + 1e-6
        assert wait >= min(step * (1 - JITTER), left - 1) - 1e-6
