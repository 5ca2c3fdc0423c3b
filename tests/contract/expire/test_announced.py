"""What waits in the database, and what ends there, is announced to operators though nothing is published."""

from datetime import timedelta

import pytest

from otp_worker.domain.verification import Verification
from otp_worker.expire import ANNOUNCED_FOR, STALLED_SECONDS
from otp_worker.protection.circuit_breaker import FAILURES_TO_OPEN
from tests.contract.service import ACCEPTED, OFFLINE, SHOP, Service


@pytest.fixture
def waiting(service: Service) -> Verification:
    """A verification that was asked for while the phone was away."""
    service.gateway.outcomes = [OFFLINE]
    for n in range(FAILURES_TO_OPEN):
        service.deliver(service.issue(f"+4474001{n:05}"))
    assert service.announced == {}
    return service.issue()


def test_what_waits_from_the_start_is_announced_and_what_is_published_is_not(
    service: Service, waiting: Verification
) -> None:
    assert service.announced == {waiting.delivery.id: "waiting"}


def test_what_a_broker_cannot_be_told_is_accepted_all_the_same(
    service: Service, waiting: Verification
) -> None:
    service.broker_is_away = True
    assert service.read(service.issue("+447400999999")).delivery.status == "waiting"
    assert list(service.announced) == [waiting.delivery.id]


def test_what_ends_at_its_deadline_while_it_waits_is_announced_once(
    service: Service, waiting: Verification
) -> None:
    service.clock.now = waiting.delivery.deadline_at
    service.broker_is_away = True
    service.expirer.expire(service.clock())
    assert service.announced[waiting.delivery.id] == "waiting"
    service.broker_is_away = False
    service.expirer.expire(service.clock())
    assert service.announced[waiting.delivery.id] == "expired: not sent in time: no paired phone is online"
    service.announced.clear()
    service.expirer.expire(service.clock())
    assert service.announced == {}


def test_what_is_canceled_while_it_waits_is_announced(service: Service, waiting: Verification) -> None:
    service.issuer.cancel(waiting.id, SHOP, service.clock())
    service.expirer.expire(service.clock())
    assert service.announced[waiting.delivery.id].startswith("superseded: ")


def test_what_a_worker_settled_is_announced_by_nobody_else(service: Service, waiting: Verification) -> None:
    service.gateway.outcomes = [ACCEPTED]
    service.breaker.show_life("obedient", service.clock())
    service.clock.move(1)
    for _ in range(3):
        service.work()
    assert service.read(waiting).delivery.sent_at is not None
    service.clock.now += timedelta(minutes=30)
    service.expirer.expire(service.clock())
    assert service.announced == {waiting.delivery.id: "waiting"}


def test_what_no_worker_takes_off_the_queue_is_announced_once(service: Service) -> None:
    """All workers are dead, and only upkeep is left to say what lies there."""
    stuck = service.issue().delivery.id
    service.backlog = 1

    def sweep(seconds: float) -> list[str]:
        service.announced.clear()
        service.clock.move(seconds)
        service.expirer.enqueue_due(service.clock())
        return list(service.announced)

    assert sweep(STALLED_SECONDS - 0.1) == []
    service.broker_is_away = True
    assert sweep(0.1) == []
    service.broker_is_away = False
    assert sweep(0.5) == [stuck]
    assert sweep(0.5) == []
    later = service.issue("+447400777777").delivery.id
    service.backlog = 2
    assert sweep(STALLED_SECONDS) == [later]
    assert service.queue == [stuck, later]


@pytest.mark.parametrize(("seconds", "told"), [(-1, True), (0, False)])
def test_what_ended_long_ago_is_not_announced_any_more(
    service: Service, waiting: Verification, seconds: float, told: bool
) -> None:
    """A service that was away for a day has older news than that to tell."""
    service.issuer.cancel(waiting.id, SHOP, service.clock())
    service.announced.clear()
    service.clock.now = waiting.delivery.deadline_at + ANNOUNCED_FOR + timedelta(seconds=seconds)
    service.expirer.expire(service.clock())
    assert (waiting.delivery.id in service.announced) is told


def test_more_than_a_batch_is_announced_batch_by_batch(
    service: Service, waiting: Verification, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = [service.issue(f"+4474002{n:05}") for n in range(2)]
    for each in [waiting, *others]:
        service.issuer.cancel(each.id, SHOP, service.clock())
    monkeypatch.setattr("otp_worker.store.expire.BATCH", 2)
    service.announced.clear()
    counted = []
    for _ in range(3):
        service.expirer.expire(service.clock())
        counted.append(len(service.announced))
    assert counted == [2, 3, 3]
