"""What a support person is told of a code, situation by situation, and what an app is told of it."""

import re
from dataclasses import replace
from datetime import timedelta, timezone

import pytest

from otp_worker.domain.cause import explain
from otp_worker.domain.cause.words import lasting
from otp_worker.domain.verification import DeliveryStatus, VerificationStatus
from tests.unit.domain.cause.situation import QUEUED, SENT, VERIFICATION, Situation, at, over
from tests.unit.domain.cause.situations_failed import FAILED
from tests.unit.domain.cause.situations_over import OVER
from tests.unit.domain.cause.situations_sent import SENT_ALREADY
from tests.unit.domain.cause.situations_under_way import UNDER_WAY

SITUATIONS = [*UNDER_WAY, *SENT_ALREADY, *OVER, *FAILED]


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda each: each.name)
def test_a_situation_has_its_sentence(situation: Situation) -> None:
    assert situation.told.for_operators == situation.operators
    assert situation.told.for_apps == situation.apps


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda each: each.name)
def test_an_app_is_told_nothing_of_sims_gateways_budgets_and_workers(situation: Situation) -> None:
    apps = situation.told.for_apps
    theirs = r"\bSIM\b|gb1|de1|mac1|[Gg]ateway|modem|worker|https?:|budget|root secret|\(|\b200\b"
    assert re.search(theirs, apps) is None


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda each: each.name)
def test_without_steps_there_is_a_sentence_too(situation: Situation) -> None:
    told = replace(situation, steps=(), outages=(), sims=()).told
    for text in (told.for_operators, told.for_apps):
        assert text[0].isupper()
        assert text.endswith(".")
        assert "None" not in text


@pytest.mark.parametrize("status", list(DeliveryStatus))
@pytest.mark.parametrize("ending", list(VerificationStatus))
def test_no_pair_of_statuses_is_without_a_sentence(
    status: DeliveryStatus, ending: VerificationStatus
) -> None:
    verification = VERIFICATION if ending is VerificationStatus.PENDING else over(ending, 30)
    for reason in (None, "whatever"):
        told = explain(verification, [replace(QUEUED, status=status, reason=reason)], [], [], at(60))
        assert told.for_operators.endswith(".")
        assert "None" not in told.for_operators + told.for_apps


def test_there_are_situations_enough() -> None:
    assert len({situation.name for situation in SITUATIONS}) == len(SITUATIONS) >= 30


def test_instants_are_said_in_the_zone_that_is_asked_for() -> None:
    zone = timezone(timedelta(hours=2))
    told = explain(VERIFICATION, [SENT], [], [], at(60), zone=zone)
    assert told.for_operators.startswith("Handed over by SIM gb1 at 00:10:04; ")


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0.0 s"), (-3, "0.0 s"), (1.26, "1.3 s"), (94.2, "94 s"), (600, "10 min"), (10_800, "3 h")],
)
def test_a_duration_has_one_unit(seconds: float, said: str) -> None:
    assert lasting(seconds) == said
