"""Step 1 against a real database."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from otp_worker.domain.app import App
from otp_worker.domain.errors import NotFoundError, TooSoonError, VerificationEndedError
from otp_worker.domain.policy import Policy
from otp_worker.domain.verification import DeliveryStatus, VerificationStatus
from otp_worker.store import issue, resend
from otp_worker.store.database import Database
from otp_worker.store.schema import deliveries, verifications
from tests.contract.service import NUMBER, OFFLINE, SHOP, Service

STRANGER = App("stranger")


def test_a_request_becomes_a_verification_with_one_queued_delivery_that_is_published(
    service: Service,
) -> None:
    verification = service.issue()
    assert verification.status is VerificationStatus.PENDING
    assert verification.delivery.status is DeliveryStatus.QUEUED
    assert verification.to == "+44********56"
    assert service.queue == [verification.delivery.id]
    assert verification.delivery.id.startswith(verification.id)


def test_nothing_that_could_be_read_as_a_code_is_written(service: Service) -> None:
    service.issue()
    with service.db.read() as connection:
        row = connection.execute(select(verifications)).one()
    assert row.code_hash is None
    assert len(row.seed) == 20


def test_two_requests_have_different_seeds(service: Service) -> None:
    service.issue()
    service.issue()
    with service.db.read() as connection:
        assert len(set(connection.execute(select(verifications.c.seed)).scalars())) == 2


def test_a_resend_of_what_is_still_unsent_is_the_same_sms(service: Service) -> None:
    verification = service.issue()
    service.clock.move(60)
    again = service.resend(verification)
    assert again.delivery.id == verification.delivery.id
    assert service.queue == [verification.delivery.id]


def test_a_resend_waits_its_time(service: Service) -> None:
    verification, _ = service.sent()
    service.clock.move(29.9)
    with pytest.raises(TooSoonError) as refused:
        service.resend(verification)
    assert refused.value.retry_at == verification.created_at + timedelta(seconds=30)


def test_a_resend_sends_the_same_code_and_gives_it_a_new_life(service: Service) -> None:
    verification, code = service.sent()
    service.clock.move(120)
    again = service.resend(verification)
    assert service.queue[-1] == again.delivery.id != verification.delivery.id
    service.deliver(verification, 2)
    assert service.gateway.codes == [code, code]
    assert service.read(verification).expires_at == service.clock() + timedelta(seconds=300)


def test_no_resend_lets_a_code_live_longer_than_ten_minutes(service: Service) -> None:
    verification, _ = service.sent()
    for number in (2, 3, 4):
        service.clock.move(150)
        service.resend(verification)
        service.deliver(verification, number)
    assert service.read(verification).expires_at == verification.created_at + timedelta(seconds=600)
    assert service.gateway.messages[-1].text.endswith("(valid 2 minutes).")


def test_a_resend_with_too_little_life_left_is_refused(service: Service) -> None:
    verification, _ = service.sent()
    for number in (2, 3):
        service.clock.move(200)
        service.resend(verification)
        service.deliver(verification, number)
    service.clock.move(145)
    with pytest.raises(VerificationEndedError):
        service.resend(verification)


def test_nothing_is_sent_with_less_than_a_minute_of_life_left(service: Service) -> None:
    verification, _ = service.sent()
    for number in (2, 3):
        service.clock.move(200)
        service.resend(verification)
        service.deliver(verification, number)
    service.clock.move(135)
    again = service.resend(verification)
    assert again.delivery.deadline_at == verification.created_at + timedelta(seconds=540)


def test_only_one_of_two_resends_at_once_makes_an_sms(service: Service) -> None:
    verification, _ = service.sent()
    service.clock.move(31)
    service.resend(verification)
    service.resend(verification)
    with service.db.read() as connection:
        assert len(connection.execute(select(deliveries)).all()) == 2


def test_a_canceled_verification_calls_its_sms_back(service: Service) -> None:
    service.gateway.outcomes = [OFFLINE]
    verification = service.issue()
    service.deliver(verification)
    canceled = service.issuer.cancel(verification.id, SHOP, service.clock())
    assert canceled.status is VerificationStatus.CANCELED
    assert canceled.delivery.status is DeliveryStatus.SUPERSEDED
    service.clock.move(60)
    service.deliver(verification)
    assert len(service.gateway.messages) == 1


def test_an_end_leaves_nothing_to_make_or_judge_a_code_with(service: Service) -> None:
    verification, _ = service.sent()
    service.issuer.cancel(verification.id, SHOP, service.clock())
    with service.db.read() as connection:
        row = connection.execute(select(verifications)).one()
    assert (row.seed, row.code_hash) == (None, None)


def test_another_app_sees_none_of_it(service: Service) -> None:
    verification, code = service.sent()
    for act in (
        lambda: service.issuer.read(verification.id, STRANGER),
        lambda: service.resender.resend(verification.id, STRANGER, service.clock()),
        lambda: service.issuer.cancel(verification.id, STRANGER, service.clock()),
        lambda: service.check(verification, code, STRANGER),
        lambda: service.verifier.check_number(NUMBER, code, STRANGER.name),
    ):
        with pytest.raises(NotFoundError):
            act()
    assert service.read(verification).checks == 0


def test_the_end_of_an_ended_verification_is_told(service: Service) -> None:
    verification, code = service.sent()
    service.check(verification, code)
    for act in (service.issuer.cancel, service.resender.resend):
        with pytest.raises(VerificationEndedError) as refused:
            act(verification.id, SHOP, service.clock())
        assert refused.value.status == VerificationStatus.APPROVED


def test_a_resend_that_another_one_overtakes_is_too_soon(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no pause is asked for, the other one may even be sent by the time this one is written."""
    service = Service(db, Policy(countries=frozenset({"GB"}), bcrypt_rounds=4, resend_after_seconds=0))
    verification, _ = service.sent()
    recipient = resend.recipient

    def overtaken(db: Database, verification_id: str) -> issue.Recipient:
        monkeypatch.setattr(resend, "recipient", recipient)
        service.resend(verification)
        service.deliver(verification, 2)
        return recipient(db, verification_id)

    monkeypatch.setattr(resend, "recipient", overtaken)
    with pytest.raises(TooSoonError):
        service.resend(verification)
    assert len(service.gateway.messages) == 2
