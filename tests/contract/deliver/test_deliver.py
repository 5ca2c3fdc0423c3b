"""Step 2 against a real database."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import select, update

from otp_worker.domain.app import App
from otp_worker.domain.gateway import Outcome
from otp_worker.domain.keyring import Keyring
from otp_worker.domain.passcode import code_matches
from otp_worker.domain.verification import DeliveryStatus, VerificationStatus
from otp_worker.store.schema import verifications
from tests.contract.service import ACCEPTED, LOST, OFFLINE, REFUSED, Service


def test_an_accepted_sms_starts_the_codes_life(service: Service) -> None:
    verification = service.issue()
    service.clock.move(20)
    service.deliver(verification)
    found = service.read(verification)
    assert found.delivery.status is DeliveryStatus.SENT
    assert found.delivery.sent_at == service.clock()
    assert found.expires_at == service.clock() + timedelta(seconds=300)


def test_the_text_names_the_code_and_the_life_it_really_has(service: Service) -> None:
    _, code = service.sent()
    assert service.gateway.messages[0].text == f"Your code is {code} (valid 5 minutes)."


def test_the_hash_is_stored_before_the_sms_can_arrive(service: Service) -> None:
    verification = service.issue()
    seen = []
    send = service.gateway.send

    def check_at_once(message: object) -> Outcome:
        outcome = send(message)  # type: ignore[arg-type]
        seen.append(service.check(verification, service.gateway.codes[-1]).valid)
        return outcome

    service.gateway.send = check_at_once  # type: ignore[method-assign]
    service.deliver(verification)
    assert seen == [True]


def test_every_attempt_sends_the_same_code_and_reference(service: Service) -> None:
    service.gateway.outcomes = [OFFLINE, LOST, ACCEPTED]
    verification = service.issue()
    for _ in range(3):
        service.deliver(verification)
        service.clock.move(10)
    assert len(set(service.gateway.codes)) == 1
    assert {message.reference for message in service.gateway.messages} == {verification.delivery.id}


def test_a_refusal_fails_at_once_with_its_reason(service: Service) -> None:
    service.gateway.outcomes = [REFUSED]
    verification = service.issue()
    service.deliver(verification)
    found = service.read(verification)
    assert (found.status, found.delivery.status) == (VerificationStatus.FAILED, DeliveryStatus.FAILED)
    assert found.reason == REFUSED.reason


def test_a_failed_resend_leaves_the_code_that_was_sent_alive(service: Service) -> None:
    service.gateway.outcomes = [ACCEPTED, REFUSED]
    verification, code = service.sent()
    service.clock.move(31)
    service.resend(verification)
    service.deliver(verification, 2)
    assert service.read(verification).delivery.status is DeliveryStatus.FAILED
    assert service.check(verification, code).valid


def test_a_verification_canceled_before_the_first_attempt_is_never_sent(service: Service) -> None:
    verification = service.issue()
    service.issuer.cancel(verification.id, App("shop"), service.clock())
    service.deliver(verification)
    assert service.gateway.messages == []


def test_the_code_key_that_made_a_code_makes_it_again_after_a_rotation(service: Service) -> None:
    service.gateway.outcomes = [OFFLINE, ACCEPTED]
    verification = service.issue()
    service.deliver(verification)
    rotated = Keyring(
        ["a root secret of the tests, long enough"], ["a newer code secret", "a code secret of the tests"]
    )
    service.deliverer = replace(
        service.deliverer, keyring=rotated, codes=replace(service.deliverer.codes, keyring=rotated)
    )
    service.clock.move(2)
    service.deliver(verification)
    assert len(set(service.gateway.codes)) == 1


def test_a_test_keys_code_reaches_no_gateway(service: Service) -> None:
    app = App("test:shop", test=True)
    verification = service.issue(app=app)
    service.deliver(verification)
    assert service.gateway.messages == []
    assert service.check(verification, "123456", app).valid


def test_what_is_stored_is_the_hash_of_the_code(service: Service) -> None:
    verification, code = service.sent()
    with service.db.read() as connection:
        row = connection.execute(select(verifications)).one()
    assert code_matches(service.keyring.pepper(row.key_id), verification.id, code, row.code_hash)


def test_an_unknown_key_fails_the_delivery_with_a_reason(service: Service) -> None:
    verification = service.issue()
    with service.db.write() as connection:
        connection.execute(update(verifications).values(key_id="00000000"))
    service.deliver(verification)
    assert "key id 00000000" in (service.read(verification).reason or "")
