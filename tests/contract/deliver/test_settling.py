"""What came of an attempt: no acceptance is forgotten, and it is written down when the database is back."""

import pytest
from sqlalchemy import update
from sqlalchemy.exc import OperationalError

from otp_worker.deliver.result import Delivered
from otp_worker.domain.gateway import Message, Outcome
from otp_worker.domain.verification import DeliveryStatus
from otp_worker.protection.circuit_breaker import FAILURES_TO_OPEN
from otp_worker.store import circuit_breakers, deliver
from otp_worker.store.circuit_breakers import GatewayState
from otp_worker.store.job import Via
from otp_worker.store.receipts import AFTER_ALL
from otp_worker.store.schema import deliveries
from tests.contract.service import ACCEPTED, LOST, OFFLINE, REFUSED, SHOP, START, Service, fail_gateway
from tests.contract.stalling import LEASE_SECONDS, VIA, Away, claimed, reach_slowly


@pytest.mark.parametrize("status", [DeliveryStatus.QUEUED, DeliveryStatus.WAITING, DeliveryStatus.SENDING])
def test_an_acceptance_moves_whatever_is_open_to_sent_whoever_has_the_lease(
    service: Service, status: DeliveryStatus
) -> None:
    verification = service.issue()
    late = claimed(service, verification.id)
    service.clock.move(LEASE_SECONDS + 1)
    claimed(service, verification.id)
    with service.db.write() as connection:
        connection.execute(update(deliveries).values(status=status))
    deliver.settle_sent(service.db, late, VIA, "msg_1", service.clock(), "accepted")
    found = service.read(verification).delivery
    assert (found.status, found.sent_at, found.reason) == (DeliveryStatus.SENT, service.clock(), "accepted")
    service.clock.move(60)
    service.work()
    assert service.gateway.messages == []


@pytest.mark.parametrize("status", [DeliveryStatus.EXPIRED, DeliveryStatus.FAILED, DeliveryStatus.SUPERSEDED])
def test_an_acceptance_of_what_was_given_up_is_noted_once(service: Service, status: DeliveryStatus) -> None:
    verification = service.issue()
    job = claimed(service, verification.id)
    with service.db.write() as connection:
        connection.execute(update(deliveries).values(status=status, reason=None))
    for _ in range(2):
        deliver.settle_sent(service.db, job, VIA, "msg_1", service.clock(), "accepted")
    found = service.read(verification).delivery
    assert (found.status, found.reason, found.sent_at) == (status, f"{status}{AFTER_ALL}", START)


def test_of_two_acceptances_the_first_is_the_one_that_receipts_are_about(service: Service) -> None:
    verification = service.issue()
    job = claimed(service, verification.id)
    deliver.settle_sent(service.db, job, Via("obedient", "one"), "msg_1", service.clock(), "accepted")
    deliver.settle_sent(service.db, job, Via("other", "two"), "msg_2", service.clock(), "accepted")
    found = service.read(verification).delivery
    assert (found.gateway, found.sim) == ("obedient", "one")


def test_the_202_of_a_worker_that_was_taken_over_is_believed(service: Service) -> None:
    """The other worker found the phone away and let the delivery wait: it is not sent again."""
    verification = service.issue()
    gateway = reach_slowly(service, 0)

    def slowly(message: Message) -> Outcome:
        service.clock.move(LEASE_SECONDS + 1)
        for _ in range(FAILURES_TO_OPEN):
            fail_gateway(service.db, "obedient", service.clock(), "away")
        gateway.outcomes = [OFFLINE]
        gateway.send = send  # type: ignore[method-assign]
        service.deliver(verification)
        return ACCEPTED

    send = gateway.send
    gateway.send = slowly  # type: ignore[method-assign]
    service.deliver(verification)
    assert service.read(verification).delivery.status is DeliveryStatus.SENT
    attempts = len(gateway.messages)
    circuit_breakers.note_success(service.db, GatewayState("obedient"), service.clock())
    service.clock.move(10)
    service.work()
    assert len(gateway.messages) == attempts


@pytest.mark.parametrize(
    ("statement", "outcome", "status"),
    [
        ("settle_sent", ACCEPTED, DeliveryStatus.SENT),
        ("settle_retry", LOST, DeliveryStatus.QUEUED),
        ("settle_failed", REFUSED, DeliveryStatus.FAILED),
    ],
)
def test_what_came_of_an_attempt_is_written_down_when_the_database_is_back(
    service: Service,
    monkeypatch: pytest.MonkeyPatch,
    statement: str,
    outcome: Outcome,
    status: DeliveryStatus,
) -> None:
    service.gateway.outcomes = [outcome]
    monkeypatch.setattr(deliver, statement, Away(getattr(deliver, statement), times=10))
    verification = service.issue()
    service.deliver(verification)
    assert service.read(verification).delivery.status is status
    assert len(service.gateway.messages) == 1


def test_it_is_tried_until_the_lease_ends(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliver, "settle_sent", Away(deliver.settle_sent, times=1000))
    verification = service.issue()
    with pytest.raises(OperationalError):
        service.deliver(verification)
    assert LEASE_SECONDS - 1 <= (service.clock() - START).total_seconds() < LEASE_SECONDS


def test_nothing_else_can_fail_before_an_acceptance_is_written_down(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(circuit_breakers, "note_success", Away(circuit_breakers.note_success, times=1000))
    fail_gateway(service.db, "obedient", START, "away")
    verification = service.issue()
    with pytest.raises(OperationalError):
        service.deliver(verification)
    assert service.read(verification).delivery.status is DeliveryStatus.SENT


def test_a_statement_that_is_wrong_is_not_tried_again(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(*_: object, **__: object) -> None:
        raise ValueError

    monkeypatch.setattr(deliver, "settle_sent", wrong)
    with pytest.raises(ValueError):  # noqa: PT011
        service.deliver(service.issue())
    assert service.clock() == START


def test_a_retry_that_a_worker_holds_is_published_anew_only_when_it_is_overdue(service: Service) -> None:
    service.gateway.outcomes = [LOST]
    verification = service.issue()
    service.queue.clear()
    service.deliver(verification)
    for seconds, published in ((1.5, 0), (2, 0), (1, 1)):
        service.clock.move(seconds)
        assert service.expirer.enqueue_due(service.clock()) == published


def test_what_is_put_back_is_published_by_the_very_next_sweep(service: Service) -> None:
    verification = service.issue()
    service.queue.clear()
    deliver.park(service.db, claimed(service, verification.id), service.clock(), "away")
    assert service.expirer.enqueue_due(service.clock()) == 1
    assert service.queue == [f"{verification.id}.1"]


def test_a_cancel_during_an_attempt_that_is_to_be_tried_again_ends_it(service: Service) -> None:
    verification = service.issue()

    def offline(message: Message) -> Outcome:
        service.issuer.cancel(verification.id, SHOP, service.clock())
        return OFFLINE

    service.gateway.send = offline  # type: ignore[method-assign]
    assert service.deliver(verification) == Delivered("over: superseded")
