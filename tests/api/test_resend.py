"""Asking for the same code once more."""

from otp_worker.domain.gateway import OutcomeKind
from tests.api.client import Caller, problem
from tests.api.service import Service
from tests.contract.service import ACCEPTED, OFFLINE


def test_too_soon_says_when(shop: Caller, service: Service) -> None:
    verification_id = shop.sent()
    service.deliver_queued()
    service.clock.move(9.5)
    answer = shop.resend(verification_id)
    assert problem(answer) == (429, "too_soon")
    assert answer.headers["Retry-After"] == "21"
    assert answer.json["detail"] == "This number was sent a code 10 s ago; again from 12:00:30Z."
    service.clock.move(20.5)
    assert shop.resend(verification_id).status_code == 202


def test_the_first_sms_is_the_answer_while_it_is_on_its_way(shop: Caller, service: Service) -> None:
    verification_id = shop.sent()
    service.clock.move(31)
    assert shop.resend(verification_id).status_code == 202
    assert service.count("deliveries") == 1
    assert service.queue == [f"{verification_id}.1"]


def test_it_waits_with_the_first_sms_for_a_phone_that_is_offline(shop: Caller, service: Service) -> None:
    service.gateway.outcomes = [OFFLINE]
    verification_id = shop.sent()
    service.deliver_queued()
    service.clock.move(31)
    answer = shop.resend(verification_id)
    assert answer.status_code == 202
    assert answer.json["delivery"]["status"] == "waiting"
    assert answer.json["delivery"]["reason"] == "it waits for a phone that can send it"
    assert service.count("deliveries") == 1


def test_what_was_sent_is_sent_again_with_the_same_code(shop: Caller, service: Service) -> None:
    verification_id = shop.sent()
    service.deliver_queued()
    service.clock.move(30)
    answer = shop.resend(verification_id)
    assert answer.status_code == 202
    assert answer.headers["Location"] == f"/v1/verifications/{verification_id}"
    assert answer.json["delivery"]["status"] == "queued"
    assert answer.json["resend_at"] == "2026-03-01T12:01:00Z"
    service.deliver_queued()
    assert service.count("deliveries") == 2
    first, second = service.gateway.codes
    assert first == second
    assert len({message.reference for message in service.gateway.messages}) == 2
    assert shop.check(verification_id, second).json["valid"] is True


def test_a_second_one_waits_its_turn_too(shop: Caller, service: Service) -> None:
    verification_id = shop.sent()
    service.deliver_queued()
    service.clock.move(30)
    shop.resend(verification_id)
    service.deliver_queued()
    assert problem(shop.resend(verification_id)) == (429, "too_soon")


def test_what_is_over_is_not_sent_again(shop: Caller, service: Service) -> None:
    verification_id = shop.sent()
    service.deliver_queued()
    shop.cancel(verification_id)
    service.clock.move(31)
    answer = shop.resend(verification_id)
    assert problem(answer) == (410, "already_over")
    assert answer.json["verification_status"] == "canceled"
    assert service.gateway.outcomes[0].kind is OutcomeKind.ACCEPTED
    assert service.queue == []


def test_a_resend_carries_the_life_that_is_left(shop: Caller, service: Service) -> None:
    service.gateway.outcomes = [ACCEPTED]
    verification_id = shop.sent()
    service.deliver_queued()
    service.clock.move(240)
    shop.resend(verification_id)
    service.deliver_queued()
    assert shop.read(verification_id).json["expires_at"] == "2026-03-01T12:09:00Z"
    service.clock.move(290)
    shop.resend(verification_id)
    service.deliver_queued()
    # Never past ten minutes after it was asked for, whatever is sent again.
    assert shop.read(verification_id).json["expires_at"] == "2026-03-01T12:10:00Z"
