"""How far a receipt moves a delivery, over a real database, from every status and in any order."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from otp_worker.domain.gateway import ReceiptKind
from otp_worker.domain.verification import DeliveryStatus, Verification, VerificationStatus
from otp_worker.store import receipts
from otp_worker.store.receipts import AFTER_ALL
from otp_worker.store.schema import deliveries
from tests.contract.service import Service

S, D = DeliveryStatus, ReceiptKind
MOVES: dict[tuple[DeliveryStatus, ReceiptKind], DeliveryStatus] = {
    **{(status, D.SENT): S.SENT for status in (S.QUEUED, S.SENDING, S.WAITING)},
    **{
        (status, D.DELIVERED): S.DELIVERED
        for status in (S.QUEUED, S.SENDING, S.WAITING, S.SENT, S.UNDELIVERED)
    },
    **{
        (status, D.UNDELIVERED): S.UNDELIVERED
        for status in (S.QUEUED, S.SENDING, S.WAITING, S.SENT, S.DELIVERED)
    },
    **{
        (status, D.UNREACHABLE): S.FAILED
        for status in (S.QUEUED, S.SENDING, S.WAITING, S.SENT, S.UNDELIVERED)
    },
}
"""Every way a receipt moves a delivery; by any other it stays where it is."""


def stand(service: Service, verification: Verification, status: DeliveryStatus) -> None:
    with service.db.write() as connection:
        connection.execute(update(deliveries).values(status=status, reason=None))


def tell(service: Service, verification: Verification, kind: ReceiptKind) -> bool:
    return receipts.move_forward(service.db, verification.delivery.id, kind, service.clock())


@pytest.mark.parametrize("kind", ReceiptKind)
@pytest.mark.parametrize("status", DeliveryStatus)
def test_a_receipt_moves_a_delivery_as_the_table_says(
    service: Service, status: DeliveryStatus, kind: ReceiptKind
) -> None:
    verification = service.issue()
    stand(service, verification, status)
    moved = tell(service, verification, kind)
    assert moved is ((status, kind) in MOVES)
    assert service.read(verification).delivery.status is MOVES.get((status, kind), status)


@pytest.mark.parametrize("status", [S.EXPIRED, S.FAILED, S.SUPERSEDED])
@pytest.mark.parametrize("kind", [D.SENT, D.DELIVERED])
def test_an_sms_that_was_sent_after_all_is_written_down_once(
    service: Service, status: DeliveryStatus, kind: ReceiptKind
) -> None:
    verification = service.issue()
    stand(service, verification, status)
    for _ in range(2):
        assert not tell(service, verification, kind)
        service.clock.move(1)
    found = service.read(verification)
    assert found.delivery.status is status
    assert found.delivery.sent_at == verification.created_at
    assert (found.delivery.delivered_at is not None) is (kind is D.DELIVERED)
    assert found.delivery.reason == f"{status}{AFTER_ALL}"
    assert found.expires_at == verification.expires_at


def test_a_number_that_takes_no_sms_fails_its_verification_with_that_reason(service: Service) -> None:
    verification, _ = service.sent()
    assert tell(service, verification, D.UNREACHABLE)
    found = service.read(verification)
    assert (found.status, found.reason) == (
        VerificationStatus.FAILED,
        "the gateway reports this number as unreachable",
    )
    assert found.delivery.reason == found.reason


def test_another_sms_of_it_keeps_the_verification_alive(service: Service) -> None:
    verification, code = service.sent()
    service.clock.move(31)
    service.resend(verification)
    assert tell(service, verification, D.UNREACHABLE)
    assert service.read(verification).status is VerificationStatus.PENDING
    service.deliver(verification, 2)
    assert service.check(verification, code).valid


def test_a_gateway_finds_its_own_deliveries_alone(service: Service) -> None:
    verification, _ = service.sent()
    delivery_id = verification.delivery.id
    assert receipts.delivery_of(service.db, "obedient", delivery_id, None) == delivery_id
    assert receipts.delivery_of(service.db, "obedient", None, "msg_1") == delivery_id
    assert receipts.delivery_of(service.db, "another", delivery_id, None) is None
    assert receipts.delivery_of(service.db, "another", None, "msg_1") is None


@given(kinds=st.lists(st.sampled_from(ReceiptKind), max_size=8))
@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_in_any_order_it_moves_along_the_table_and_the_first_instants_stay(
    service: Service, kinds: list[ReceiptKind]
) -> None:
    service.clock.move(60)
    verification, _ = service.sent()
    before = service.read(verification).delivery
    for kind in kinds:
        service.clock.move(1)
        tell(service, verification, kind)
        after = service.read(verification).delivery
        assert after.status in (before.status, MOVES.get((before.status, kind)))
        assert after.sent_at == before.sent_at
        assert before.delivered_at in (None, after.delivered_at)
        before = after
