"""A gateway whose phone is offline, against a real database: shared by all workers, nobody hammers it."""

from contextlib import suppress
from datetime import timedelta
from itertools import pairwise
from typing import Any
from unittest.mock import Mock

import pytest
from sqlalchemy import insert, update

from otp_worker.deliver import codes, deliverer
from otp_worker.domain.app import App
from otp_worker.domain.gateway import Outcome, OutcomeKind
from otp_worker.domain.passcode import hash_code
from otp_worker.domain.verification import DeliveryStatus, Verification, VerificationStatus
from otp_worker.protection.circuit_breaker import (
    FAILURES_TO_OPEN,
    PROBE_STEPS_SECONDS,
    Breaker,
    Permit,
    is_open,
)
from otp_worker.store.schema import opt_outs, verifications
from tests.contract.service import ACCEPTED, NUMBER, OFFLINE, REFUSED, SHOP, START, Service

FIRST_STEP = PROBE_STEPS_SECONDS[0]


def go_offline(service: Service) -> list[Verification]:
    """Open the breaker with as many deliveries as it takes."""
    service.gateway.outcomes = [OFFLINE]
    tried = [service.issue() for _ in range(FAILURES_TO_OPEN)]
    for verification in tried:
        service.deliver(verification)
    assert is_open(service.breaker.state(service.gateway.name))
    return tried


def test_it_opens_after_a_few_unavailable_outcomes_and_not_before(service: Service) -> None:
    service.gateway.outcomes = [OFFLINE]
    for attempt in range(FAILURES_TO_OPEN):
        assert not is_open(service.breaker.state(service.gateway.name))
        service.deliver(service.issue())
        service.clock.move(attempt)
    state = service.breaker.state(service.gateway.name)
    assert is_open(state)
    assert state.failing_since == START
    assert state.reason == OFFLINE.reason


def test_an_accepted_sms_in_between_starts_the_count_again(service: Service) -> None:
    service.gateway.outcomes = [OFFLINE, OFFLINE, ACCEPTED, OFFLINE, OFFLINE]
    for _ in range(5):
        service.deliver(service.issue())
    assert not is_open(service.breaker.state(service.gateway.name))


def test_another_process_sees_it_open_too(service: Service) -> None:
    go_offline(service)
    assert is_open(Breaker(service.db, 30).state(service.gateway.name))


def test_while_it_is_open_deliveries_wait_in_the_database_and_nothing_is_attempted(service: Service) -> None:
    go_offline(service)
    asked = len(service.gateway.messages)
    verification = service.issue()
    service.deliver(verification)
    found = service.read(verification)
    assert found.delivery.status is DeliveryStatus.WAITING
    assert found.delivery.attempts == 0
    assert found.delivery.reason == OFFLINE.reason
    assert len(service.gateway.messages) == asked


def test_while_it_is_open_requests_are_not_even_published(service: Service) -> None:
    go_offline(service)
    service.queue.clear()
    service.issue()
    assert service.queue == []


def test_one_probe_at_a_time_asks_whether_the_phone_is_back_ever_less_often(service: Service) -> None:
    go_offline(service)
    for _ in range(50):
        service.issue()
    opened_at = service.clock()
    asked_after = []
    for _ in range(600):
        before = len(service.gateway.messages)
        service.clock.move(0.1)
        service.work()
        probes = len(service.gateway.messages) - before
        assert probes <= 1
        asked_after += [(service.clock() - opened_at).total_seconds()] * probes
    steps = [later - earlier for earlier, later in pairwise([0.0, *asked_after])]
    assert steps[:6] == pytest.approx([1, 2, 4, 7, 7, 7], rel=0.12)
    assert max(steps) < 8


def take_probe(service: Service) -> Permit | str:
    """Ask for the right to hand a message over the only SIM."""
    (sim,) = service.sims.all
    state = service.breaker.state(sim.gateway)
    return service.breaker.allow(state, sim, service.clock(), service.clock())


def test_of_two_deliveries_at_once_only_one_is_the_probe(service: Service) -> None:
    go_offline(service)
    service.clock.move(FIRST_STEP)
    assert isinstance(take_probe(service), Permit)
    assert take_probe(service) == OFFLINE.reason


def test_a_probe_that_never_comes_back_is_replaced_after_its_lease(service: Service) -> None:
    go_offline(service)
    service.clock.move(FIRST_STEP)
    assert isinstance(take_probe(service), Permit)
    service.clock.move(service.policy.lease_seconds)
    assert isinstance(take_probe(service), Permit)


def test_a_probe_that_is_given_back_is_anothers_at_once(service: Service) -> None:
    go_offline(service)
    service.clock.move(FIRST_STEP)
    permit = take_probe(service)
    assert isinstance(permit, Permit)
    service.breaker.release(permit, service.clock())
    assert isinstance(take_probe(service), Permit)


def the_deadline_passes(service: Service, _: Verification, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the code is hashed, which is what takes time."""

    def hash_to_the_end(*arguments: Any) -> bytes:
        service.clock.move(300)
        return hash_code(*arguments)

    monkeypatch.setattr(codes, "hash_code", hash_to_the_end)


def the_app_cancels(service: Service, last: Verification, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the code is hashed."""

    def hash_in_vain(*arguments: Any) -> bytes:
        service.issuer.cancel(last.id, SHOP, service.clock())
        return hash_code(*arguments)

    monkeypatch.setattr(codes, "hash_code", hash_in_vain)


def its_key_is_gone(service: Service, *_: object) -> None:
    """The root secret that made it is configured no more."""
    with service.db.write() as connection:
        connection.execute(update(verifications).values(key_id="00000000"))


def its_person_said_stop(service: Service, *_: object) -> None:
    """After the request was accepted."""
    with service.db.write() as connection:
        hashed = service.keyring.number_hash(NUMBER)
        connection.execute(
            insert(opt_outs).values(number_hash=hashed, number_masked="+44...", stopped_at=service.clock())
        )


def its_text_cannot_be_made(_: Service, __: Verification, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a fault of ours."""
    monkeypatch.setattr(deliverer, "compose", Mock(side_effect=ZeroDivisionError))


@pytest.mark.parametrize(
    "happens",
    [the_deadline_passes, the_app_cancels, its_key_is_gone, its_person_said_stop, its_text_cannot_be_made],
)
def test_a_delivery_that_does_not_ask_the_gateway_leaves_the_probe_to_the_next(
    service: Service, monkeypatch: pytest.MonkeyPatch, happens: Any
) -> None:
    go_offline(service)
    service.clock.move(FIRST_STEP)
    last = service.issue()
    happens(service, last, monkeypatch)
    asked = len(service.gateway.messages)
    with suppress(ZeroDivisionError):
        service.deliver(last)
    assert len(service.gateway.messages) == asked
    assert isinstance(take_probe(service), Permit)


def test_a_breaker_that_opens_while_a_code_is_made_holds_its_message_back(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hash_meanwhile(*arguments: Any) -> bytes:
        monkeypatch.undo()
        go_offline(service)
        return hash_code(*arguments)

    monkeypatch.setattr(codes, "hash_code", hash_meanwhile)
    verification = service.issue()
    service.deliver(verification)
    assert len(service.gateway.messages) == FAILURES_TO_OPEN
    assert service.read(verification).delivery.status is DeliveryStatus.WAITING


def test_what_was_on_its_way_when_it_opened_puts_no_probe_off(service: Service) -> None:
    (sim,) = service.sims.all
    state = service.breaker.state(sim.gateway)
    permits = [service.breaker.allow(state, sim, START, START) for _ in range(8)]
    for permit in permits:
        assert isinstance(permit, Permit)
        service.breaker.record(permit, OFFLINE, service.clock())
        service.clock.move(0.2)
    service.clock.now = START + timedelta(seconds=0.4 + FIRST_STEP)
    assert isinstance(take_probe(service), Permit)


def test_a_clock_that_was_an_hour_ahead_holds_no_probe_up(service: Service) -> None:
    service.clock.move(3600)
    go_offline(service)
    service.clock.now = START
    assert isinstance(take_probe(service), Permit)


def test_when_the_phone_is_back_everything_leaves_nearest_deadline_first(service: Service) -> None:
    waiting = go_offline(service)
    for _ in range(20):
        service.clock.move(0.1)
        waiting.append(service.issue())
    service.gateway.outcomes = [ACCEPTED]
    service.gateway.messages.clear()
    for _ in range(5):
        service.clock.move(1)
        service.work()
    assert [message.reference for message in service.gateway.messages] == [
        each.delivery.id for each in waiting
    ]
    assert not is_open(service.breaker.state(service.gateway.name))


def test_what_waited_beyond_its_deadline_fails_and_is_never_handed_over(service: Service) -> None:
    waiting = go_offline(service)
    service.clock.move(300)
    service.gateway.outcomes = [ACCEPTED]
    service.gateway.messages.clear()
    service.work()
    assert service.gateway.messages == []
    found = service.read(waiting[0])
    assert (found.status, found.delivery.status) == (VerificationStatus.FAILED, DeliveryStatus.EXPIRED)
    assert found.reason == f"not sent in time: {OFFLINE.reason}"


def test_a_phone_offline_for_a_minute_does_not_use_up_attempts(service: Service) -> None:
    waiting = go_offline(service)
    for _ in range(120):
        service.clock.move(0.5)
        service.work()
    assert all(service.read(each).delivery.attempts <= 1 for each in waiting)
    service.gateway.outcomes = [ACCEPTED]
    for _ in range(9):
        service.clock.move(1)
        service.work()
    assert all(service.read(each).delivery.status is DeliveryStatus.SENT for each in waiting)


def test_a_gateway_that_refuses_is_not_away(service: Service) -> None:
    go_offline(service)
    service.gateway.outcomes = [REFUSED]
    service.clock.move(FIRST_STEP)
    service.work()
    assert not is_open(service.breaker.state(service.gateway.name))


def test_a_test_key_does_not_wait_for_the_phone(service: Service) -> None:
    go_offline(service)
    verification = service.issue(app=App("test:shop", test=True))
    service.work()
    assert service.read(verification).delivery.status is DeliveryStatus.SENT


def test_uncertain_outcomes_are_counted(service: Service) -> None:
    service.gateway.outcomes = [Outcome(OutcomeKind.UNCERTAIN, "no answer")]
    service.deliver(service.issue())
    assert service.breaker.state(service.gateway.name).uncertain_total == 1


def test_a_publish_that_fails_is_made_good_by_the_next_sweep(service: Service) -> None:
    service.broker_is_away = True
    verification = service.issue()
    assert service.queue == []
    service.broker_is_away = False
    assert service.expirer.enqueue_due(service.clock()) == 1
    assert service.queue == [verification.delivery.id]


def test_a_resend_while_the_first_waits_is_one_sms(service: Service) -> None:
    first, *_ = go_offline(service)
    service.clock.move(60)
    again = service.resend(first)
    assert again.delivery.id == first.delivery.id
