"""What is tried again, when, by which worker, and what is not."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from otp_worker.deliver.deliverer import MAX_ABANDONED
from otp_worker.deliver.result import Delivered, Elsewhere, Waiting
from otp_worker.deliver.retry import RetryAt
from otp_worker.domain.gateway import Message, Outcome
from otp_worker.domain.verification import DeliveryStatus, VerificationStatus
from otp_worker.protection.circuit_breaker import FAILURES_TO_OPEN
from otp_worker.store import circuit_breakers, deliver
from otp_worker.store.circuit_breakers import GatewayState
from otp_worker.store.job import Via
from otp_worker.store.schema import deliveries
from tests.contract.service import ACCEPTED, LOST, OFFLINE, REFUSED, START, Service


def test_a_phone_offline_makes_the_delivery_wait_with_a_reason(service: Service) -> None:
    service.gateway.outcomes = [OFFLINE]
    verification = service.issue()
    result = service.deliver(verification)
    assert result == RetryAt(service.clock() + timedelta(seconds=1))
    found = service.read(verification)
    assert found.delivery.status is DeliveryStatus.WAITING
    assert found.delivery.reason == OFFLINE.reason
    assert found.delivery.due_at == service.clock() + timedelta(seconds=1)


def test_a_retry_before_its_time_sends_nothing_and_comes_again_at_its_time(service: Service) -> None:
    service.gateway.outcomes = [OFFLINE, ACCEPTED]
    verification = service.issue()
    first = service.deliver(verification)
    service.clock.move(0.9)
    assert service.deliver(verification) == first
    assert len(service.gateway.messages) == 1
    service.clock.move(0.1)
    assert isinstance(service.deliver(verification), Delivered)
    assert len(service.gateway.messages) == 2


@pytest.mark.parametrize("seconds_behind", [0.05, 3, 3600])
def test_a_worker_whose_clock_is_behind_makes_a_first_attempt_at_once(
    service: Service, seconds_behind: float
) -> None:
    verification = service.issue()
    service.clock.move(-seconds_behind)
    assert service.deliver(verification) == Delivered("sent by obedient on attempt 1")
    assert len(service.gateway.messages) == 1


def test_what_waited_for_a_sim_from_the_start_is_a_first_attempt_too(service: Service) -> None:
    service.gateway.outcomes = [OFFLINE]
    for n in range(FAILURES_TO_OPEN):
        service.deliver(service.issue(f"+4474001{n:05}"))
    verification = service.issue()
    assert service.read(verification).delivery.status is DeliveryStatus.WAITING
    service.gateway.outcomes = [ACCEPTED]
    circuit_breakers.note_success(service.db, GatewayState("obedient"), service.clock())
    service.clock.move(-0.05)
    assert service.deliver(verification) == Delivered("sent by obedient on attempt 1")


def test_what_waits_for_a_phone_behind_an_open_breaker_is_not_called_delivered(service: Service) -> None:
    service.gateway.outcomes = [OFFLINE]
    for n in range(FAILURES_TO_OPEN - 1):
        service.deliver(service.issue(f"+4474001{n:05}"))
    opens, waits = service.issue(), service.issue(f"+4474001{FAILURES_TO_OPEN:05}")
    assert service.deliver(opens) == Waiting(OFFLINE.reason)
    assert service.deliver(waits) == Waiting(OFFLINE.reason)


@pytest.mark.parametrize(
    "status", sorted(set(DeliveryStatus) - {DeliveryStatus.QUEUED, DeliveryStatus.WAITING})
)
def test_what_is_claimed_or_over_is_not_tried_again_however_early(
    service: Service, status: DeliveryStatus
) -> None:
    verification = service.issue()
    lease_until = START + timedelta(seconds=30)
    with service.db.write() as connection:
        connection.execute(update(deliveries).values(status=status, lease_until=lease_until))
    service.clock.move(-1)
    taken = status is DeliveryStatus.SENDING
    assert service.deliver(verification) == (Elsewhere() if taken else Delivered(f"over: {status}"))


def test_a_delivery_that_was_deleted_is_over(service: Service) -> None:
    assert service.deliverer.deliver("ver_01.1") == Delivered("over: there is no such delivery any more")


@pytest.mark.parametrize("outcome", [OFFLINE, REFUSED, LOST])
@pytest.mark.parametrize(
    ("took_over", "told"),
    [
        (DeliveryStatus.SENDING, Elsewhere()),
        (DeliveryStatus.WAITING, Elsewhere()),
        (DeliveryStatus.SENT, Delivered("over: sent")),
        (DeliveryStatus.SUPERSEDED, Delivered("over: superseded")),
    ],
)
def test_a_worker_that_lost_its_claim_tells_what_the_delivery_is_and_not_what_its_attempt_was(
    service: Service, outcome: Outcome, took_over: DeliveryStatus, told: object
) -> None:
    verification = service.issue()

    def lose(message: Message) -> Outcome:
        lost = update(deliveries).values(status=took_over, attempts=2, lease_until=START)
        with service.db.write() as connection:
            connection.execute(lost)
        return outcome

    service.gateway.send = lose  # type: ignore[method-assign]
    # The second lost answer is not repeated.
    with service.db.write() as connection:
        connection.execute(update(deliveries).values(uncertain=1))
    assert service.deliver(verification) == told


def test_a_phone_offline_to_the_end_fails_the_verification_with_a_reason_and_sends_nothing_late(
    service: Service,
) -> None:
    service.gateway.outcomes = [OFFLINE]
    verification = service.issue()
    while service.read(verification).status is VerificationStatus.PENDING:
        service.clock.move(1)
        service.work()
    assert service.clock() == START + timedelta(seconds=300)
    assert min(message.timeout_seconds for message in service.gateway.messages) > 0
    found = service.read(verification)
    assert found.status is VerificationStatus.FAILED
    assert found.reason == "not sent in time: no paired phone is online"
    assert found.delivery.status is DeliveryStatus.EXPIRED


def test_nothing_is_handed_over_at_or_after_the_deadline(service: Service) -> None:
    verification = service.issue()
    service.clock.move(300)
    service.deliver(verification)
    assert service.gateway.messages == []
    assert service.read(verification).status is VerificationStatus.FAILED


def test_only_one_of_two_workers_gets_a_delivery(service: Service) -> None:
    verification = service.issue()
    first = deliver.claim(service.db, verification.delivery.id, service.clock(), 30)
    second = deliver.claim(service.db, verification.delivery.id, service.clock(), 30)
    assert first is not None
    assert second is None


def test_a_lease_that_ran_out_is_taken_over_and_the_first_holder_settles_nothing(service: Service) -> None:
    verification = service.issue()
    first = deliver.claim(service.db, verification.delivery.id, service.clock(), 30)
    assert first is not None
    service.clock.move(30)
    second = deliver.claim(service.db, verification.delivery.id, service.clock(), 30)
    assert second is not None
    assert second.attempt == 2
    deliver.settle_failed(
        service.db,
        first,
        Via("obedient", None),
        DeliveryStatus.FAILED,
        service.clock(),
        "the first holder's word",
    )
    assert service.read(verification).delivery.status is DeliveryStatus.SENDING


def test_a_delivery_whose_attempts_never_end_is_given_up(service: Service) -> None:
    verification = service.issue()
    with service.db.write() as connection:
        connection.execute(update(deliveries).values(abandoned=MAX_ABANDONED))
    service.deliver(verification)
    assert service.gateway.messages == []
    found = service.read(verification)
    assert found.delivery.status is DeliveryStatus.FAILED
    # One of the workers that died may have handed the code over: it can still be entered.
    assert found.status is VerificationStatus.PENDING


def test_an_attempt_whose_worker_died_may_have_been_handed_over(service: Service) -> None:
    verification = service.issue()
    deliver.claim(service.db, verification.delivery.id, service.clock(), 30)
    service.clock.move(31)
    service.gateway.outcomes = [REFUSED]
    service.deliver(verification)
    assert service.read(verification).delivery.status is DeliveryStatus.FAILED
    assert service.read(verification).status is VerificationStatus.PENDING
