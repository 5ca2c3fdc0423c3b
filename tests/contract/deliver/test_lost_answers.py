"""An answer that is lost: the same code once more, and what arrived can be entered."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from otp_worker.deliver.result import Delivered
from otp_worker.deliver.retry import RetryAt
from otp_worker.domain.gateway import Message, Outcome, ReceiptKind
from otp_worker.domain.sim import Sim, Sims, UncertainPolicy
from otp_worker.domain.verification import DeliveryStatus, VerificationStatus
from otp_worker.store import receipts
from tests.contract.service import LOST, OFFLINE, START, ObedientGateway, Service


def test_a_lost_answer_is_repeated_once_with_the_same_code(service: Service) -> None:
    service.gateway.outcomes = [LOST]
    verification = service.issue()
    assert isinstance(service.deliver(verification), RetryAt)
    service.clock.move(2)
    assert isinstance(service.deliver(verification), Delivered)
    assert len(service.gateway.messages) == 2
    assert len(set(service.gateway.codes)) == 1


def test_a_code_that_may_have_arrived_can_be_entered_even_if_every_answer_was_lost(service: Service) -> None:
    service.gateway.outcomes = [LOST, OFFLINE]
    verification = service.issue()
    for _ in range(299):
        service.work()
        service.clock.move(1)
    assert service.read(verification).delivery.status is DeliveryStatus.WAITING
    assert service.read(verification).status is VerificationStatus.PENDING
    assert service.check(verification, service.gateway.codes[0]).valid


def test_the_policy_never_sends_a_lost_one_once(db_service_never: Service) -> None:
    service = db_service_never
    service.gateway.outcomes = [LOST]
    verification = service.issue()
    assert isinstance(service.deliver(verification), Delivered)
    assert len(service.gateway.messages) == 1
    assert service.check(verification, service.gateway.codes[0]).valid


@pytest.fixture
def db_service_never(service: Service) -> Service:
    """A service that never repeats what may have been sent."""
    sim = Sim("obedient", "obedient", uncertain=UncertainPolicy.NEVER)
    gateway = ObedientGateway()
    careful = Service(service.db, sims=Sims((sim,), {"obedient": gateway}))
    careful.gateway = gateway
    return careful


class Slow(ObedientGateway):
    """Takes so many seconds to answer, and meanwhile does what the test says."""

    def __init__(self, service: Service, seconds: float, meanwhile: Callable[[str], object]) -> None:
        super().__init__()
        self._clock, self._seconds, self._meanwhile = service.clock, seconds, meanwhile

    def send(self, message: Message) -> Outcome:
        outcome = super().send(message)
        self._meanwhile(message.reference)
        self._clock.move(self._seconds)
        return outcome


def test_a_receipt_that_is_there_before_the_gateways_answer_keeps_what_it_said(service: Service) -> None:
    slow = Slow(
        service, 3, lambda sms: receipts.move_forward(service.db, sms, ReceiptKind.DELIVERED, service.clock())
    )
    service.gateways["obedient"] = slow
    verification = service.issue()
    service.deliver(verification)
    sms = service.read(verification).delivery
    assert sms is not None
    assert (sms.status, sms.sent_at, sms.delivered_at) == (DeliveryStatus.DELIVERED, START, START)
    assert sms.reason is None
    assert sms.gateway == "obedient"


def test_what_time_has_ended_is_not_revived_by_an_sms_handed_over_too_late(service: Service) -> None:
    verification, _ = service.sent()
    service.clock.now = service.read(verification).expires_at - timedelta(seconds=2)
    service.resend(verification)
    slow = Slow(service, 3, lambda _reference: None)
    service.gateways["obedient"] = slow
    service.deliver(verification, 2)
    assert len(slow.messages) == 1
    assert service.read(verification).status_at(service.clock()) is VerificationStatus.EXPIRED
