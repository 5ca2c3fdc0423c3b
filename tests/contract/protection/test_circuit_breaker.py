"""A gateway whose phone is offline, against a real database: shared by all workers, nobody hammers it."""

from typing import Any

import pytest

from otp_worker.deliver import codes
from otp_worker.domain.app import App
from otp_worker.domain.gateway import Outcome, OutcomeKind
from otp_worker.domain.passcode import hash_code
from otp_worker.domain.verification import DeliveryStatus, VerificationStatus
from otp_worker.protection.circuit_breaker import FAILURES_TO_OPEN, Breaker, is_open
from tests.contract.protection.outages import FIRST_STEP, go_offline
from tests.contract.service import ACCEPTED, OFFLINE, REFUSED, START, Service


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
