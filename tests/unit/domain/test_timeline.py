"""The trail that people read: for operators with names, for apps without, and of rows that have no steps."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from otp_worker.domain.step import Step, StepKind
from otp_worker.domain.timeline import describe, timeline
from otp_worker.domain.verification import Delivery, DeliveryStatus, Verification, VerificationStatus

ID = "ver_" + "0" * 26
ASKED = datetime(2026, 5, 12, 22, 10, tzinfo=UTC)
VIA: dict[str, Any] = {"gateway": "mac1", "sim": "gb1"}


def at(seconds: float) -> datetime:
    return ASKED + timedelta(seconds=seconds)


DELIVERY = Delivery(
    f"{ID}.1", DeliveryStatus.DELIVERED, 1, "GB", "mac1", "gb1", None, ASKED, ASKED, at(300), at(95), at(97)
)
VERIFICATION = Verification(
    ID,
    "shop",
    VerificationStatus.APPROVED,
    None,
    "+44********56",
    "user-17",
    "sms",
    1,
    5,
    ASKED,
    at(600),
    at(30),
    at(110),
    DELIVERY,
)


def step(kind: StepKind, seconds: float, number: int | None = 1, **more: Any) -> Step:
    return Step(at(seconds), kind, ID, number, **more)


EVERY = [
    (
        step(StepKind.ACCEPTED, 0, None, count=4, detail="signup"),
        "the code was asked for, template signup, 4 more may be sent within its limits",
        "the code was asked for",
    ),
    (
        step(StepKind.ACCEPTED, 0, None, count=0),
        "the code was asked for, the next one has to wait",
        "the code was asked for",
    ),
    (
        step(StepKind.PUBLISHED, 0),
        "put on the queue again, as no worker had taken it up",
        "put on the queue again",
    ),
    (step(StepKind.CLAIMED, 0, detail="worker@a"), "taken up by worker worker@a", "a worker took it up"),
    (
        step(StepKind.HASHED, 0, milliseconds=62),
        "the code was made and hashed in 62 ms",
        "the code was made and hashed in 62 ms",
    ),
    (
        step(
            StepKind.ATTEMPT,
            0,
            outcome="unavailable",
            http_status=503,
            milliseconds=12,
            detail="no paired phone is online",
            **VIA,
        ),
        "SIM gb1 answered unavailable (HTTP 503) in 12 ms: no paired phone is online",
        "it could not be sent just now",
    ),
    (
        step(StepKind.ATTEMPT, 0, outcome="uncertain", gateway="mac1"),
        "gateway mac1 answered uncertain",
        "no answer came, so it may have been sent",
    ),
    (
        step(StepKind.WAITING, 0, detail="gb1 has sent its 200 of today", count=3),
        "waits: gb1 has sent its 200 of today, number 3 in line",
        "waits for a phone that can send it, number 3 in line",
    ),
    (
        Step(ASKED, StepKind.BREAKER_OPENED, gateway="mac1", detail="no paired phone is online"),
        "gateway mac1 is away: no paired phone is online",
        "the phone went offline",
    ),
    (
        Step(ASKED, StepKind.BREAKER_OPENED, gateway="mac1", sim="gb1", detail="429"),
        "SIM gb1 is asked to wait: 429",
        "the phone went offline",
    ),
    (
        Step(ASKED, StepKind.BREAKER_CLOSED, gateway="mac1", milliseconds=94_000),
        "gateway mac1 is back after 94 s",
        "the phone is back after 94 s",
    ),
    (
        step(StepKind.PROBE, 0, count=12, gateway="mac1"),
        "asked 12 times whether gateway mac1 is back",
        "asked 12 times whether the phone is back",
    ),
    (
        step(StepKind.PROBE, 0, count=1),
        "asked once whether the gateway is back",
        "asked once whether the phone is back",
    ),
    (
        step(StepKind.TAKEN, 0, milliseconds=95_000, **VIA),
        "SIM gb1 took the SMS over",
        "the SMS was handed over",
    ),
    (
        step(StepKind.RECEIPT, 0, outcome="delivered", milliseconds=2_000),
        "the receipt says delivered 2.0 s after it was handed over",
        "the receipt says delivered 2.0 s after it was handed over",
    ),
    (step(StepKind.REPLY, 0, None, outcome="stop"), "the person texted STOP", "the person texted STOP"),
    (
        step(StepKind.REPLY, 0, None, outcome="other"),
        "the person texted something",
        "the person texted something",
    ),
    (
        step(StepKind.RESEND, 0),
        "another SMS with the same code was asked for",
        "another SMS with the same code was asked for",
    ),
    (
        step(StepKind.CHECK, 0, None, outcome="wrong", count=4),
        "a wrong code was typed; 4 checks are left",
        "a wrong code was typed; 4 checks are left",
    ),
    (
        step(StepKind.CHECK, 0, None, outcome="right", count=3),
        "the right code was typed",
        "the right code was typed",
    ),
    (step(StepKind.APPROVED, 0, None), "approved", "approved"),
    (
        step(
            StepKind.ENDED,
            0,
            None,
            outcome="failed",
            detail="not sent in time: gb1 has sent its 200 of today",
        ),
        "ended as failed: not sent in time: gb1 has sent its 200 of today",
        "ended as failed: not sent in time",
    ),
    (
        step(StepKind.ENDED, 0, None, outcome="an outcome of a newer version"),
        "ended as an outcome of a newer version",
        "ended as an outcome of a newer version",
    ),
]


@pytest.mark.parametrize(("taken", "operators", "apps"), EVERY)
def test_a_step_has_its_words(taken: Step, operators: str, apps: str) -> None:
    told = describe(taken)
    assert (told.for_operators, told.for_apps) == (operators, apps)
    assert re.search(r"gb1|mac1|worker@|template|\b503\b", told.for_apps) is None


def test_every_kind_has_words() -> None:
    assert {taken.kind for taken, _, _ in EVERY} == set(StepKind)
    for kind in StepKind:
        told = describe(Step(ASKED, kind))
        assert told.hop
        assert "None" not in told.for_operators + told.for_apps


def test_each_line_says_how_long_after_the_first_it_happened() -> None:
    taken = [step(StepKind.ACCEPTED, 0, None), step(StepKind.PUBLISHED, 0.0042), step(StepKind.TAKEN, 95)]
    told = timeline(VERIFICATION, [DELIVERY], taken, [])
    assert [(each.milliseconds, each.kind) for each in told[:3]] == [
        (0, StepKind.ACCEPTED),
        (4, StepKind.PUBLISHED),
        (95_000, StepKind.TAKEN),
    ]


def test_outages_that_touch_it_are_in_it() -> None:
    outages = [
        Step(at(-60), StepKind.BREAKER_OPENED, gateway="mac1"),
        Step(at(94), StepKind.BREAKER_CLOSED, gateway="mac1", milliseconds=154_000),
        Step(at(400), StepKind.BREAKER_OPENED, gateway="mac1"),
    ]
    told = [each.for_operators for each in timeline(VERIFICATION, [DELIVERY], [], outages)]
    assert told == [
        "the code was asked for",
        "gateway mac1 is back after 3 min",
        "SIM gb1 took the SMS over",
        "the receipt says delivered",
        "approved",
    ]


def test_without_steps_the_rows_speak() -> None:
    ended = replace(VERIFICATION, status=VerificationStatus.FAILED, reason="the person wants no SMS")
    told = timeline(ended, [replace(DELIVERY, sent_at=None, delivered_at=None)], [], [])
    assert [each.for_apps for each in told] == [
        "the code was asked for",
        "ended as failed: the person wants no SMS",
    ]


def test_what_a_step_tells_the_rows_do_not_tell_again() -> None:
    taken = [
        step(StepKind.ACCEPTED, 0, None),
        step(StepKind.TAKEN, 95, **VIA),
        step(StepKind.RECEIPT, 97, outcome="delivered"),
        step(StepKind.APPROVED, 110, None),
    ]
    assert [each.kind for each in timeline(VERIFICATION, [DELIVERY], taken, [])] == [
        each.kind for each in taken
    ]


def test_of_several_sms_each_line_says_which() -> None:
    second = replace(DELIVERY, id=f"{ID}.2")
    told = timeline(VERIFICATION, [DELIVERY, second], [step(StepKind.PUBLISHED, 40, 2)], [])
    assert [each.for_apps for each in told][:2] == ["the code was asked for", "SMS 2: put on the queue again"]
    assert (
        describe(step(StepKind.PUBLISHED, 40, 2)).for_operators
        == "SMS 2: put on the queue again, as no worker had taken it up"
    )
