"""Step 4 against a real database."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from otp_worker.domain.verification import DeliveryStatus, VerificationStatus
from otp_worker.expire import STALLED_SECONDS
from otp_worker.store import deliver, sweeps
from otp_worker.store.batches import BATCH
from otp_worker.store.schema import verifications
from tests.contract.expire.expired_rows import fill
from tests.contract.service import OFFLINE, START, Service


def test_a_sweep_ends_what_time_has_ended_and_wipes_it(service: Service) -> None:
    verification, _ = service.sent()
    service.clock.move(300)
    assert service.expirer.expire(service.clock()) == 1
    assert service.read(verification).status is VerificationStatus.EXPIRED
    with service.db.read() as connection:
        row = connection.execute(select(verifications)).one()
    assert (row.seed, row.code_hash) == (None, None)


def test_a_sweep_before_the_time_ends_nothing(service: Service) -> None:
    verification, code = service.sent()
    service.clock.move(299.999)
    assert service.expirer.expire(service.clock()) == 0
    assert service.check(verification, code).valid


def test_what_was_never_sent_fails_at_its_deadline_with_the_last_reason(service: Service) -> None:
    service.gateway.outcomes = [OFFLINE]
    verification = service.issue()
    service.deliver(verification)
    service.clock.move(300)
    service.expirer.expire(service.clock())
    found = service.read(verification)
    assert found.status is VerificationStatus.FAILED
    assert found.reason == "not sent in time: no paired phone is online"
    assert found.delivery.status is DeliveryStatus.EXPIRED


def test_what_no_worker_ever_took_fails_saying_so(service: Service) -> None:
    verification = service.issue()
    service.clock.move(300)
    service.expirer.expire(service.clock())
    assert service.read(verification).reason == "not sent in time: no worker took it up"


def test_a_delivery_in_a_workers_hands_is_left_to_it(service: Service) -> None:
    verification = service.issue()
    service.clock.move(299)
    assert deliver.claim(service.db, verification.delivery.id, service.clock(), 30)
    service.clock.move(2)
    assert service.expirer.expire(service.clock()) == 0
    assert service.read(verification).delivery.status is DeliveryStatus.SENDING


def test_a_worker_that_died_at_the_deadline_may_have_sent_it_and_the_code_stays_good(
    service: Service,
) -> None:
    verification = service.issue()
    service.gateway.outcomes = [OFFLINE]
    service.deliver(verification)
    code = service.gateway.codes[0]
    service.clock.move(299)
    assert deliver.claim(service.db, verification.delivery.id, service.clock(), 30)
    service.clock.move(31)
    service.expirer.expire(service.clock())
    found = service.read(verification)
    assert found.delivery.status is DeliveryStatus.EXPIRED
    assert found.delivery.reason == "not sent in time: its worker never came back"
    assert service.check(verification, code).valid


def test_a_second_sweep_changes_nothing(service: Service) -> None:
    service.sent()
    service.issue()
    service.clock.move(400)
    assert service.expirer.expire(service.clock()) == 2
    assert service.expirer.expire(service.clock()) == 0


def test_an_approved_verification_is_not_swept(service: Service) -> None:
    verification, code = service.sent()
    service.check(verification, code)
    service.clock.move(1000)
    service.expirer.expire(service.clock())
    assert service.read(verification).status is VerificationStatus.APPROVED


def test_a_delivery_that_lost_its_place_in_the_queue_is_published_again(service: Service) -> None:
    verification = service.issue()
    service.queue.clear()
    service.clock.move(STALLED_SECONDS)
    assert service.expirer.enqueue_due(service.clock()) == 1
    assert service.queue == [verification.delivery.id]


def test_a_delivery_that_was_just_published_is_left_alone(service: Service) -> None:
    service.issue()
    service.queue.clear()
    service.clock.move(STALLED_SECONDS - 0.1)
    assert service.expirer.enqueue_due(service.clock()) == 0


def test_a_delivery_published_again_is_given_time_before_the_next(service: Service) -> None:
    service.issue()
    service.clock.move(STALLED_SECONDS)
    assert service.expirer.enqueue_due(service.clock()) == 1
    service.clock.move(1)
    assert service.expirer.enqueue_due(service.clock()) == 0


def test_what_still_stands_in_the_queue_is_not_published_twice(service: Service) -> None:
    for _ in range(3):
        service.issue()
    service.backlog = 2
    service.clock.move(STALLED_SECONDS)
    assert service.expirer.enqueue_due(service.clock()) == 1
    for service.backlog in (3, 5):
        service.clock.move(STALLED_SECONDS)
        assert service.expirer.enqueue_due(service.clock()) == 0


def test_no_more_is_put_on_the_queue_than_a_batch_with_what_stands_there(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("otp_worker.store.expire.BATCH", 4)
    for _ in range(2):
        service.issue()
    service.broker_is_away = True
    for _ in range(3):
        service.issue()
    service.broker_is_away = False
    service.clock.move(STALLED_SECONDS)
    service.backlog = 1
    # One was lost on the queue and one stands there: of the three that came since, two have room.
    assert service.expirer.enqueue_due(service.clock()) == 1 + 2


def test_what_the_broker_lost_is_published_again_however_many_came_after_it(service: Service) -> None:
    lost = [service.issue(f"+44740012345{n}").delivery.id for n in range(2)]
    service.clock.move(STALLED_SECONDS)
    service.queue.clear()
    for n in range(2, 5):
        service.issue(f"+44740012345{n}")
    service.backlog = 3
    assert service.expirer.enqueue_due(service.clock()) == 2
    assert service.queue[-2:] == lost


def test_a_retry_is_published_when_it_is_overdue_and_not_before(service: Service) -> None:
    service.gateway.outcomes = [OFFLINE]
    verification = service.issue()
    service.deliver(verification)
    service.queue.clear()
    service.clock.move(1 + STALLED_SECONDS - 0.1)
    assert service.expirer.enqueue_due(service.clock()) == 0
    service.clock.move(0.1)
    assert service.expirer.enqueue_due(service.clock()) == 1


def test_an_abandoned_delivery_is_published_again_once_its_lease_ran_out(service: Service) -> None:
    verification = service.issue()
    assert deliver.claim(service.db, verification.delivery.id, service.clock(), 30)
    service.clock.move(29)
    assert service.expirer.enqueue_due(service.clock()) == 0
    service.clock.move(1)
    assert service.expirer.enqueue_due(service.clock()) == 1


def test_a_sweep_is_remembered(service: Service) -> None:
    assert sweeps.last_sweep(service.db, "expire") is None
    service.expirer.expire(service.clock())
    service.clock.move(5)
    service.expirer.expire(service.clock())
    assert sweeps.last_sweep(service.db, "expire") == service.clock()


def test_a_sweep_ends_everything_that_is_over_however_much_there_is(service: Service) -> None:
    over = START - timedelta(seconds=1)
    fill(service, 2 * BATCH + 1, status="pending", expires_at=over, created_at=over)
    assert service.expirer.expire(service.clock()) == 2 * BATCH + 1
