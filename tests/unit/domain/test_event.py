"""Which step is which event, and how long an endpoint is left alone."""

from datetime import timedelta

import pytest

from otp_worker.domain.endpoint import DISABLE_AFTER, RETRY_SECONDS, pause, retry_at
from otp_worker.domain.event import KINDS, MEANINGS, Event, event_of
from otp_worker.domain.gateway import ReceiptKind
from otp_worker.domain.message import CHANNEL
from otp_worker.domain.reply import ReplyKind
from otp_worker.domain.step import Step, StepKind
from otp_worker.domain.verification import VerificationStatus
from tests.contract.service import START

OUTCOMES = (None, "right", "wrong", "locked", *ReceiptKind, *ReplyKind, *VerificationStatus)
STEPS = [Step(START, kind, "ver_1", 1, outcome) for kind in StepKind for outcome in OUTCOMES]


def test_every_event_is_some_steps_and_is_explained() -> None:
    found = {event_of(step, channel) for step in STEPS for channel in ("sms", "inbound", CHANNEL)}
    assert found - {None} == set(Event) == set(MEANINGS)


def test_only_the_kinds_that_are_read_can_be_events() -> None:
    assert {step.kind for step in STEPS if event_of(step, "sms")} == set(KINDS)


def test_of_a_message_nothing_is_told_that_only_a_code_has() -> None:
    found = {event_of(step, CHANNEL) for step in STEPS} - {None}
    assert {str(each).partition(".")[0] for each in found} == {"message", "number", "reply"}


@pytest.mark.parametrize("chance", [0.0, 0.5, 0.999])
def test_ten_attempts_take_about_three_days_and_end_an_endpoint(chance: float) -> None:
    now, none = START, timedelta()
    for attempt in range(1, len(RETRY_SECONDS) + 1):
        assert now - START < DISABLE_AFTER
        again = retry_at(attempt, now, none, chance)
        assert again is not None
        assert again > now
        now = again
    assert DISABLE_AFTER < now - START < timedelta(days=4)
    assert retry_at(len(RETRY_SECONDS) + 1, now, none, chance) is None


def test_what_an_endpoint_asks_for_is_kept_to_for_a_day_at_most() -> None:
    assert retry_at(1, START, timedelta(hours=1), 0.5) == START + timedelta(hours=1)
    assert retry_at(1, START, timedelta(days=400), 0.5) == START + timedelta(days=1)
    assert retry_at(9, START, timedelta(hours=1), 0.5) == START + timedelta(days=1)
    assert [pause(number, 500, timedelta()).seconds for number in (1, 2, 6, 60)] == [5, 15, 300, 300]
    assert pause(1, 503, timedelta(days=400)) == timedelta(days=1)
