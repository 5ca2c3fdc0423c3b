"""Ending a verification as approved at its app's word."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from otp_worker.domain.app import App
from otp_worker.domain.errors import NotFoundError, VerificationEndedError
from otp_worker.domain.step import BY_ITS_APP, StepKind
from otp_worker.domain.verification import DeliveryStatus, VerificationStatus
from otp_worker.store import steps
from otp_worker.verify import CheckResult
from tests.contract.service import SHOP, Service, wrong


def test_it_ends_as_approved_once_and_its_trail_says_by_whom(service: Service) -> None:
    verification, code = service.sent()
    for _ in range(2):
        found = service.verifier.approve(verification.id, SHOP.name)
        assert (found.status, found.reason) == (VerificationStatus.APPROVED, BY_ITS_APP)
    told = steps.of_verifications(service.db, [verification.id])[verification.id]
    assert [step.detail for step in told if step.kind is StepKind.APPROVED] == [BY_ITS_APP]
    with pytest.raises(VerificationEndedError):
        service.check(verification, code)


def test_what_is_not_sent_yet_is_called_back(service: Service) -> None:
    verification = service.issue()
    found = service.verifier.approve(verification.id, SHOP.name)
    assert found.delivery.status is DeliveryStatus.SUPERSEDED
    service.work()
    assert service.gateway.messages == []


def test_another_apps_is_unknown_and_one_that_is_over_stays_so(service: Service) -> None:
    verification = service.issue()
    with pytest.raises(NotFoundError):
        service.verifier.approve(verification.id, App("bank").name)
    service.issuer.cancel(verification.id, SHOP, service.clock())
    with pytest.raises(VerificationEndedError) as over:
        service.verifier.approve(verification.id, SHOP.name)
    assert over.value.status == VerificationStatus.CANCELED
    late = service.issue("+447400123457")
    service.clock.move(601)
    with pytest.raises(VerificationEndedError) as expired:
        service.verifier.approve(late.id, SHOP.name)
    assert expired.value.status == VerificationStatus.EXPIRED


def test_of_its_app_and_the_last_wrong_code_at_once_one_ends_it(service: Service) -> None:
    verification, code = service.sent()
    for _ in range(4):
        service.check(verification, wrong(code))

    def check() -> CheckResult | None:
        try:
            return service.check(verification, wrong(code))
        except VerificationEndedError:
            return None

    def approve() -> bool:
        try:
            return service.verifier.approve(verification.id, SHOP.name).status is VerificationStatus.APPROVED
        except VerificationEndedError:
            return False

    with ThreadPoolExecutor() as threads:
        said, _ = threads.submit(approve), threads.submit(check)
        is_approved = said.result(60)
    status = service.read(verification).status
    assert status is (VerificationStatus.APPROVED if is_approved else VerificationStatus.MAX_CHECKS_REACHED)
