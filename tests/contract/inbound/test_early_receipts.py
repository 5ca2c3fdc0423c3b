"""A receipt that overtook the gateway's answer is applied whatever comes between, and gone only then."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import Connection, exc, update

from otp_worker.domain.gateway import ReceiptKind as Kind
from otp_worker.domain.verification import DeliveryStatus, Verification
from otp_worker.store import early_receipts, receipts
from otp_worker.store.persistence import persist
from otp_worker.store.schema import deliveries
from tests.contract.service import LOST, Service

GATEWAY, MESSAGE_ID = "obedient", "m1"


@pytest.fixture
def sent(service: Service) -> Verification:
    """One whose SMS the gateway has taken, and knows by its own message id."""
    verification, _ = service.sent()
    with service.db.write() as connection:
        connection.execute(update(deliveries).values(gateway_message_id=MESSAGE_ID))
    return verification


def keep(service: Service, kind: Kind) -> None:
    early_receipts.keep(service.db, GATEWAY, MESSAGE_ID, kind, service.clock())
    service.clock.move(1)


def apply(service: Service, sent: Verification) -> bool:
    subjects = [sent.delivery.id, MESSAGE_ID]
    return receipts.apply_early(service.db, sent.delivery.id, GATEWAY, subjects, service.clock())


def status(service: Service, sent: Verification) -> DeliveryStatus:
    return service.read(sent).delivery.status


def kept(service: Service) -> list[Kind]:
    return early_receipts.find(service.db, GATEWAY, [MESSAGE_ID])


def test_one_that_is_kept_while_others_are_applied_is_applied_too(
    service: Service, sent: Verification, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other side looked for the delivery before it was known, and keeps its receipt only now."""
    keep(service, Kind.SENT)
    real = service.db.update
    interrupted: list[bool] = []

    @contextmanager
    def after_another() -> Iterator[Connection]:
        if not interrupted:
            interrupted.append(True)
            keep(service, Kind.DELIVERED)
        with real() as connection:
            yield connection

    monkeypatch.setattr(service.db, "update", after_another)
    apply(service, sent)
    assert interrupted
    # The side that kept it looks again.
    apply(service, sent)
    assert status(service, sent) is DeliveryStatus.DELIVERED
    assert kept(service) == []


def test_one_is_applied_although_the_first_transaction_fails(
    service: Service, sent: Verification, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(service, Kind.DELIVERED)
    fail_once(service, monkeypatch, after_commit=False)
    assert persist(lambda: apply(service, sent), lambda: 20, service.clock.move)
    assert status(service, sent) is DeliveryStatus.DELIVERED
    assert kept(service) == []


def test_one_is_kept_while_the_transaction_that_applies_it_is_rolled_back(
    service: Service, sent: Verification, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(service, Kind.DELIVERED)
    with monkeypatch.context() as broken:
        broken.setattr(receipts, "_move", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            apply(service, sent)
    assert kept(service) == [Kind.DELIVERED]
    assert apply(service, sent)
    assert status(service, sent) is DeliveryStatus.DELIVERED


def test_a_failure_before_the_success_is_not_applied_a_second_time(
    service: Service, sent: Verification, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer of the first commit is lost: what is repeated must not put the failure last."""
    keep(service, Kind.UNDELIVERED)
    keep(service, Kind.DELIVERED)
    fail_once(service, monkeypatch, after_commit=True)
    persist(lambda: apply(service, sent), lambda: 20, service.clock.move)
    assert status(service, sent) is DeliveryStatus.DELIVERED


def fail_once(service: Service, monkeypatch: pytest.MonkeyPatch, *, after_commit: bool) -> None:
    """The database goes away around the next transaction."""
    real = service.db.write
    failed: list[bool] = []

    def fail() -> None:
        if not failed:
            failed.append(True)
            raise exc.OperationalError("restart", {}, Exception("restart"))

    @contextmanager
    def flaky() -> Iterator[Connection]:
        if not after_commit:
            fail()
        with real() as connection:
            yield connection
        fail()

    monkeypatch.setattr(service.db, "write", flaky)


@pytest.mark.parametrize("kind", [Kind.SENT, Kind.DELIVERED])
def test_the_life_that_a_lost_answer_began_begins_again_with_a_receipt_for_the_next_attempt(
    service: Service, kind: Kind
) -> None:
    """The second SMS says that its code is valid for the whole of it."""
    service.gateway.outcomes = [LOST]
    verification = service.issue()
    service.deliver(verification)
    first = service.read(verification).expires_at
    service.clock.move(4)
    assert receipts.move_forward(service.db, verification.delivery.id, kind, service.clock())
    again = service.read(verification).expires_at
    assert again == service.clock() + timedelta(seconds=300)
    assert again - first == timedelta(seconds=4)
    # What tells the same once more prolongs nothing.
    service.clock.move(4)
    receipts.move_forward(service.db, verification.delivery.id, Kind.DELIVERED, service.clock())
    assert service.read(verification).expires_at == again
