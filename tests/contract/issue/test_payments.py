"""A code for a payment (PSD2): what its SMS says, what its check repeats, and what a change does."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from otp_worker.domain.errors import InvalidFieldError, VerificationEndedError
from otp_worker.domain.passcode import Derivation
from otp_worker.domain.payment import Payment
from otp_worker.domain.sealing import SealingUnavailableError
from otp_worker.domain.verification import Verification, VerificationStatus
from otp_worker.issue.request import Accepted, SendRequest
from otp_worker.store.database import Database
from otp_worker.store.schema import verifications
from otp_worker.verify import CheckResult
from tests.contract.service import NUMBER, OFFLINE, SHOP, Service

PAYMENT = Payment("12.50", "EUR", "Corner Shop")
DEARER = Payment("1250.00", "EUR", "Corner Shop")
ELSEWHERE = Payment("12.50", "EUR", "Other Shop")


@pytest.fixture
def service(db: Database) -> Service:
    made = Service(db)
    made.announce_seal_keys()
    return made


def ask(service: Service, payment: Payment | None = PAYMENT) -> Accepted:
    request = SendRequest(NUMBER, payment=payment, locale="en", code_length=6)
    return service.issuer.issue(request, SHOP, service.clock())


def sent(service: Service) -> tuple[Verification, str]:
    verification = ask(service).verification
    service.deliver(verification)
    return verification, service.gateway.messages[-1].text.partition("code is ")[2][:6]


def check(service: Service, of: Verification, code: str, payment: Payment | None) -> CheckResult:
    return service.verifier.check(of.id, code, SHOP.name, payment=payment)


def test_the_sms_says_amount_and_payee_and_the_check_repeats_both(service: Service) -> None:
    verification, code = sent(service)
    assert service.gateway.messages[-1].text.startswith(f"€12.50, Corner Shop: Your code is {code}")
    assert check(service, verification, code, PAYMENT).valid


@pytest.mark.parametrize("other", [DEARER, ELSEWHERE])
def test_with_another_amount_or_payee_the_right_code_is_a_wrong_one(service: Service, other: Payment) -> None:
    verification, code = sent(service)
    result = check(service, verification, code, other)
    assert (result.valid, result.checks_left) == (False, verification.max_checks - 1)
    assert check(service, verification, code, PAYMENT).valid


def test_a_check_that_names_no_payment_is_refused_and_uses_nothing_up(service: Service) -> None:
    verification, code = sent(service)
    with pytest.raises(InvalidFieldError, match="repeat its amount, currency and payee"):
        check(service, verification, code, None)
    assert service.read(verification).checks == 0


def test_a_payment_in_the_check_of_a_plain_code_is_refused(service: Service) -> None:
    verification = ask(service, None).verification
    service.deliver(verification)
    with pytest.raises(InvalidFieldError, match="the code is for no payment"):
        check(service, verification, "123456", PAYMENT)
    assert service.read(verification).checks == 0


def test_every_attempt_and_resend_has_the_same_code_and_payment(service: Service) -> None:
    service.gateway.outcomes = [OFFLINE, *service.gateway.outcomes]
    verification = ask(service).verification
    service.deliver(verification)
    service.clock.move(31)
    service.deliver(verification)
    service.clock.move(31)
    service.resend(verification)
    service.deliver(verification, 2)
    assert len({message.text.partition(" (valid")[0] for message in service.gateway.messages}) == 1


def test_no_payment_is_taken_while_an_older_worker_may_run(service: Service) -> None:
    payments = replace(service.issuer.payments, workers_know=lambda _: False)
    issuer = replace(service.issuer, payments=payments)
    with pytest.raises(SealingUnavailableError, match="OTP_OLDEST_VERSION"):
        issuer.issue(SendRequest(NUMBER, payment=PAYMENT), SHOP, service.clock())


def test_a_rehearsal_repeats_the_payment_too(service: Service) -> None:
    rehearsing = replace(SHOP, test=True)
    asked = service.issuer.issue(SendRequest(NUMBER, payment=PAYMENT), rehearsing, service.clock())
    service.deliver(asked.verification)
    judged = [
        service.verifier.check(asked.verification.id, "123456", rehearsing.name, payment=each)
        for each in (DEARER, PAYMENT)
    ]
    assert [each.valid for each in judged] == [False, True]


def test_the_same_payment_again_is_a_resend(service: Service) -> None:
    first, second = ask(service), ask(service)
    assert (second.resent, second.verification.id) == (True, first.verification.id)


@pytest.mark.parametrize("other", [DEARER, ELSEWHERE])
def test_a_change_invalidates_the_code_that_was_sent(service: Service, other: Payment) -> None:
    verification, code = sent(service)
    service.clock.move(31)
    assert not ask(service, other).resent
    assert service.read(verification).status is VerificationStatus.CANCELED
    with pytest.raises(VerificationEndedError):
        check(service, verification, code, PAYMENT)


def test_it_is_marked_sealed_and_wiped_at_the_end(service: Service) -> None:
    verification, code = sent(service)
    kept = select(verifications.c.derivation, verifications.c.sealed, verifications.c.link_hash)
    with service.db.read() as connection:
        mark, sealed, _ = connection.execute(kept).one()
    assert mark == Derivation.LINKED
    assert service.unsealer.open(sealed, verification.id) == PAYMENT.link
    assert b"Corner" not in sealed
    check(service, verification, code, PAYMENT)
    with service.db.read() as connection:
        assert connection.execute(kept).one()[1:] == (None, None)
