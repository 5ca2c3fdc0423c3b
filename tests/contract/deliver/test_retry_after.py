"""A gateway that asks to wait, over a real database: nobody asks that SIM before, and others send."""

from dataclasses import replace
from datetime import timedelta

import pytest

from otp_worker.domain.gateway import Outcome, OutcomeKind
from otp_worker.domain.sim import Sim
from otp_worker.domain.verification import DeliveryStatus, Verification, VerificationStatus
from otp_worker.store.database import Database
from tests.contract.deliver.phones import Phones, number, sim
from tests.contract.service import ACCEPTED, OFFLINE, REFUSED, START

KINDS = (OutcomeKind.THROTTLED, OutcomeKind.UNAVAILABLE)


def asks_to_wait(seconds: float, kind: OutcomeKind = OutcomeKind.THROTTLED) -> Outcome:
    return Outcome(kind, "fewer, please", retry_after_seconds=seconds)


def only_first(*sims: Sim) -> list[str]:
    """Numbers whose first SIM of two is the one called a."""
    from otp_worker.domain.keyring import Keyring
    from otp_worker.domain.sim import order
    from tests.contract.service import ROOT_SECRET

    keyring = Keyring([ROOT_SECRET])
    numbers = [number(n) for n in range(60)]
    return [to for to in numbers if order(sims, keyring.number_hash(to))[0].name == "a"]


@pytest.mark.parametrize("kind", KINDS)
def test_of_a_hundred_deliveries_only_the_first_is_told_to_wait(db: Database, kind: OutcomeKind) -> None:
    phones = Phones(db, sim("a"))
    phones.gateways["a"].outcomes = [asks_to_wait(30, kind)]
    waiting = [phones.service.issue(number(n)) for n in range(100)]
    for each in waiting:
        phones.service.deliver(each)
    phones.work(30)
    assert phones.sent() == {"a": 1}
    phones.gateways["a"].outcomes = [ACCEPTED]
    phones.work(4)
    assert phones.sent() == {"a": 101}
    assert {phones.service.read(each).delivery.status for each in waiting} == {DeliveryStatus.SENT}


@pytest.mark.parametrize("kind", KINDS)
def test_a_wait_beyond_the_deadline_fails_nobody_while_another_gateway_serves(
    db: Database, kind: OutcomeKind
) -> None:
    phones = Phones(db, sim("a"), sim("b"))
    phones.gateways["a"].outcomes = [asks_to_wait(600, kind)]
    waiting = [phones.service.issue(to) for to in only_first(*phones.service.sims.all)[:10]]
    phones.work(2)
    assert {phones.service.read(each).delivery.sim for each in waiting} == {"b"}
    assert phones.sent() == {"a": 1, "b": 10}


def test_a_wait_beyond_the_deadline_without_another_gateway_is_waited_for_to_the_end(db: Database) -> None:
    phones = Phones(db, sim("a"))
    phones.gateways["a"].outcomes = [asks_to_wait(600)]
    verification = phones.send()
    assert (verification.status, verification.delivery.status) == (
        VerificationStatus.PENDING,
        DeliveryStatus.WAITING,
    )
    phones.work(299)
    assert phones.service.read(verification).status is VerificationStatus.PENDING
    phones.work(2)
    assert phones.service.read(verification).reason == "not sent in time: fewer, please"
    assert phones.sent() == {"a": 1}


def test_it_closes_one_sim_and_not_another_one_behind_the_same_gateway(db: Database) -> None:
    phones = Phones(db, sim("a"), replace(sim("b"), gateway="a"))
    phones.gateways["a"].outcomes = [asks_to_wait(60), ACCEPTED]
    verification = phones.send(only_first(*phones.service.sims.all)[0])
    phones.work(2)
    found = phones.service.read(verification).delivery
    assert (found.status, found.sim) == (DeliveryStatus.SENT, "b")


@pytest.mark.parametrize("asked", [1e9, float("inf")])
def test_nobody_waits_longer_than_ten_minutes(db: Database, asked: float) -> None:
    phones = Phones(db, sim("a"))
    phones.gateways["a"].outcomes = [asks_to_wait(asked), ACCEPTED]
    phones.send()
    phones.service.clock.now = START + timedelta(minutes=10)
    assert phones.send().delivery.status is DeliveryStatus.SENT


def test_a_gateway_that_names_no_instant_is_asked_by_the_usual_steps_and_one_at_a_time(db: Database) -> None:
    phones = Phones(db, sim("a"))
    phones.gateways["a"].outcomes = [asks_to_wait(0)]
    for n in range(50):
        phones.service.issue(number(n))
    phones.deliver_queued()
    phones.work(60)
    # After 1, 2, 5, 10, 20 seconds.
    assert 5 <= phones.sent()["a"] <= 7


def test_a_refusal_of_one_number_opens_the_sim_again(db: Database) -> None:
    phones = Phones(db, sim("a"))
    phones.gateways["a"].outcomes = [asks_to_wait(5), REFUSED, ACCEPTED]
    phones.send()
    phones.service.clock.move(5)
    phones.send()
    assert phones.send().delivery.status is DeliveryStatus.SENT


def test_a_probe_that_finds_the_gateway_away_leaves_the_sim_to_the_next(db: Database) -> None:
    phones = Phones(db, sim("a"))
    phones.gateways["a"].outcomes = [asks_to_wait(5), OFFLINE, ACCEPTED]
    phones.send()
    phones.service.clock.move(5)
    phones.send()
    assert phones.send().delivery.status is DeliveryStatus.SENT


def test_a_callback_ends_the_wait_for_one_message_which_ends_it_for_all(db: Database) -> None:
    phones = Phones(db, sim("a"))
    phones.gateways["a"].outcomes = [asks_to_wait(600), ACCEPTED]
    waiting: list[Verification] = [phones.send() for _ in range(5)]
    phones.service.clock.move(2)
    phones.service.breaker.show_life("a", phones.service.clock())
    phones.work(2)
    assert {phones.service.read(each).delivery.status for each in waiting} == {DeliveryStatus.SENT}


def test_signs_of_life_make_no_storm(db: Database) -> None:
    phones = Phones(db, sim("a"))
    phones.gateways["a"].outcomes = [asks_to_wait(600)]
    for n in range(50):
        phones.service.issue(number(n))
    phones.deliver_queued()
    for _ in range(100):
        phones.service.clock.move(0.1)
        phones.service.breaker.show_life("a", phones.service.clock())
        phones.service.work()
    assert phones.sent()["a"] <= 11
