"""What an error says to a person."""

from datetime import UTC, datetime, timedelta

import pytest

from otp_worker.domain.errors import NumberLockedError, RateLimitExceededError, TooSoonError

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_when_to_come_back_is_said_as_a_time_of_day() -> None:
    error = TooSoonError(NOON, NOON + timedelta(seconds=12), NOON + timedelta(seconds=30))
    assert error.sentence == "This number was sent a code 12 s ago; again from 12:00:30Z."


@pytest.mark.parametrize(
    ("seconds", "again"), [(3600, "13:00:00Z"), (43200, "00:00:00Z"), (86400, "12:00:00Z on 2026-03-02")]
)
def test_with_the_date_where_it_can_be_another_day(seconds: int, again: str) -> None:
    error = RateLimitExceededError("number", 5, seconds, NOON + timedelta(seconds=seconds))
    assert error.sentence == f"The limit number is reached, 5 in {seconds} s; again from {again}."


def test_who_comes_back_when_it_was_said_is_not_too_soon() -> None:
    error = TooSoonError(NOON, NOON, NOON + timedelta(seconds=30, microseconds=1))
    assert error.sentence.endswith("again from 12:00:31Z.")


def test_a_lock_that_can_last_for_days_says_the_date() -> None:
    assert NumberLockedError(NOON).sentence.endswith("again from 12:00:00Z on 2026-03-01.")
    assert "until an operator unlocks it" in NumberLockedError(None).sentence
