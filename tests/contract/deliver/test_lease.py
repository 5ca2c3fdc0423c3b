"""The time that an attempt has: what is late, taken over or canceled is not handed over."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from otp_worker.deliver.lease import SETTLE_SECONDS
from otp_worker.deliver.result import Delivered
from otp_worker.deliver.retry import RetryAt
from otp_worker.domain.gateway import ReceiptKind
from otp_worker.domain.sim import Sim, Sims, UncertainPolicy
from otp_worker.domain.verification import DeliveryStatus, VerificationStatus
from otp_worker.store import code_hashes, deliver, receipts, sim_budgets
from otp_worker.store.database import Database
from otp_worker.store.schema import verifications
from tests.contract.service import LOST, OFFLINE, SHOP, ObedientGateway, Service
from tests.contract.stalling import LEASE_SECONDS, reach_slowly, stall, stall_at


@pytest.mark.parametrize("seconds", [1, 4.1])
def test_a_code_whose_deadline_passes_while_the_gateway_is_reached_is_never_handed_over(
    service: Service, seconds: float
) -> None:
    verification = service.issue()
    service.clock.move(299)
    gateway = reach_slowly(service, seconds)
    assert service.deliver(verification) == Delivered("expired: not sent in time")
    assert gateway.messages == []
    found = service.read(verification)
    assert (found.status, found.delivery.status) == (VerificationStatus.FAILED, DeliveryStatus.EXPIRED)


def test_a_wall_clock_that_is_stepped_back_during_an_attempt_makes_no_time(service: Service) -> None:
    verification = service.issue()
    service.clock.move(299)
    passed = [0.0]
    service.deliverer = replace(service.deliverer, monotonic=lambda: passed[0])

    def stepped_back() -> None:
        passed[0] += 2
        service.clock.move(-3600)

    gateway = reach_slowly(service, 0, stepped_back)
    assert service.deliver(verification) == Delivered("expired: not sent in time")
    assert gateway.messages == []


def test_a_stalled_worker_sends_nothing_once_another_one_has_taken_over(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    verification = service.issue()

    def take_over() -> None:
        service.clock.move(LEASE_SECONDS + 1)
        service.deliver(verification)

    stall(service, monkeypatch, take_over)
    service.deliver(verification)
    assert len(service.gateway.messages) == 1
    assert service.read(verification).delivery.status is DeliveryStatus.SENT


def test_a_worker_that_is_taken_over_while_it_reaches_the_gateway_sends_nothing(service: Service) -> None:
    verification = service.issue()
    gateway = reach_slowly(service, LEASE_SECONDS + 1, lambda: service.deliver(verification))
    service.deliver(verification)
    assert len(gateway.messages) == 1


def test_a_worker_whose_lease_is_nearly_over_puts_the_delivery_back(service: Service) -> None:
    verification = service.issue()
    gateway = reach_slowly(service, LEASE_SECONDS - SETTLE_SECONDS)
    service.deliver(verification)
    assert gateway.messages == []
    found = service.read(verification).delivery
    assert (found.status, found.attempts, found.reason) == (
        DeliveryStatus.WAITING,
        0,
        "its worker took too long",
    )
    service.work()
    assert len(gateway.messages) == 1


@pytest.mark.parametrize("number", [1, 2])
def test_a_cancel_while_the_gateway_is_reached_stops_a_first_sms_and_a_resend(
    service: Service, number: int
) -> None:
    verification = service.issue()
    if number == 2:
        service.deliver(verification)
        service.clock.move(31)
        service.resend(verification)
    gateway = reach_slowly(service, 1, lambda: service.issuer.cancel(verification.id, SHOP, service.clock()))
    service.deliver(verification, number)
    assert gateway.messages == []
    assert service.read(verification).delivery.status is DeliveryStatus.SUPERSEDED


def test_a_resend_that_was_canceled_while_it_was_made_is_not_handed_over(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    verification, _ = service.sent()
    service.clock.move(31)
    service.resend(verification)
    stall_at("code_key", monkeypatch, lambda: service.issuer.cancel(verification.id, SHOP, service.clock()))
    service.deliver(verification, 2)
    assert len(service.gateway.messages) == 1


def test_what_was_withdrawn_gives_its_sims_turn_back(db: Database) -> None:
    gateway = ObedientGateway()
    known: dict[str, Any] = {"obedient": gateway}
    sim = Sim("obedient", "obedient", per_day=5)
    service = Service(db, sims=Sims((sim,), known))
    verification = service.issue()
    service.gateways = known
    reach_slowly(service, 1, lambda: service.issuer.cancel(verification.id, SHOP, service.clock()))
    service.deliver(verification)
    assert sim_budgets.usage(db, [sim], service.clock())[0].sent_today == 0


@pytest.mark.parametrize(("waited", "seconds"), [(0, 15), (LEASE_SECONDS - 15, 10), (24, 1)])
def test_an_exchange_ends_before_its_lease_does(
    service: Service, monkeypatch: pytest.MonkeyPatch, waited: float, seconds: float
) -> None:
    verification = service.issue()
    stall(service, monkeypatch, lambda: service.clock.move(waited))
    service.deliver(verification)
    assert service.gateway.messages[0].timeout_seconds == seconds


def test_an_exchange_ends_before_the_deadline_does(service: Service) -> None:
    verification = service.issue()
    service.clock.move(296)
    service.deliver(verification)
    assert service.gateway.messages[0].timeout_seconds == 4


def test_a_message_of_a_test_key_is_withdrawn_like_any_other(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = replace(SHOP, name="test:shop", test=True)
    verification = service.issue(app=app)
    stall(service, monkeypatch, lambda: service.clock.move(timedelta(minutes=5).total_seconds()))
    assert service.deliver(verification) == Delivered("expired: not sent in time")


def test_a_worker_whose_clock_is_ahead_takes_over_early_and_the_first_one_sends_nothing(
    service: Service,
) -> None:
    verification = service.issue()

    def ahead() -> None:
        claim = deliver.claim(
            service.db, f"{verification.id}.1", service.clock() + timedelta(seconds=60), LEASE_SECONDS
        )
        assert claim is not None

    gateway = reach_slowly(service, 1, ahead)
    service.deliver(verification)
    assert gateway.messages == []


def test_a_receipt_of_an_attempt_that_seemed_lost_stops_the_next_one_while_it_reaches_the_gateway(
    service: Service,
) -> None:
    service.gateway.outcomes = [LOST]
    verification = service.issue()
    service.deliver(verification)
    service.clock.move(1)
    gateway = reach_slowly(
        service,
        1,
        lambda: receipts.move_forward(service.db, f"{verification.id}.1", ReceiptKind.SENT, service.clock()),
    )
    service.deliver(verification)
    assert gateway.messages == []
    assert service.read(verification).delivery.status is DeliveryStatus.SENT


def test_each_wait_is_longer_than_the_one_before(db: Database) -> None:
    gateway = ObedientGateway([LOST])
    repeating = Sim("obedient", "obedient", uncertain=UncertainPolicy.REPEAT)
    service = Service(db, sims=Sims((repeating,), {"obedient": gateway}))
    verification = service.issue()
    waits = []
    for _ in range(4):
        retry = service.deliver(verification)
        assert isinstance(retry, RetryAt)
        waits.append((retry.at - service.clock()).total_seconds())
        service.clock.now = retry.at
    assert waits == [1, 2, 5, 10]


def test_what_is_refused_for_lack_of_time_is_expired_and_not_failed(service: Service) -> None:
    service.gateway.outcomes = [OFFLINE]
    verification = service.issue()
    service.clock.move(299.5)
    service.deliver(verification)
    assert service.read(verification).delivery.status is DeliveryStatus.EXPIRED


def test_a_late_resend_names_the_life_that_is_left(service: Service) -> None:
    verification, _ = service.sent()
    for number, seconds in ((2, 290), (3, 190)):
        service.clock.move(seconds)
        service.resend(verification)
        service.deliver(verification, number)
    assert service.gateway.messages[-1].life_seconds == 120


def test_what_is_over_keeps_no_hash_that_comes_late(service: Service) -> None:
    verification = service.issue()
    service.issuer.cancel(verification.id, SHOP, service.clock())
    assert code_hashes.keep_hash(service.db, verification.id, b"h" * 60, "key") is None
    with service.db.read() as connection:
        assert connection.execute(select(verifications.c.code_hash)).scalar() is None
