"""From the request to the approved code, and every way to end before."""

import pytest

from tests.api.client import Caller, problem
from tests.api.service import Service
from tests.contract.service import NUMBER, wrong


def test_a_code_is_sent_received_and_approved_once(shop: Caller, service: Service) -> None:
    verification_id = shop.sent()
    service.deliver_queued()
    assert shop.read(verification_id).json["delivery"]["status"] == "sent"
    [code] = service.gateway.codes

    mistyped = shop.check(verification_id, wrong(code))
    assert mistyped.status_code == 200
    assert mistyped.json == {"id": verification_id, "status": "pending", "valid": False, "checks_left": 4}

    typed = shop.check(verification_id, code)
    assert typed.status_code == 200
    assert typed.json == {"id": verification_id, "status": "approved", "valid": True, "checks_left": 3}

    again = shop.check(verification_id, code)
    assert problem(again) == (410, "already_over")
    assert (again.json["id"], again.json["verification_status"]) == (verification_id, "approved")
    assert shop.read(verification_id).json["status"] == "approved"


def test_five_wrong_codes_end_it_and_the_right_one_comes_too_late(shop: Caller, service: Service) -> None:
    verification_id = shop.sent()
    service.deliver_queued()
    [code] = service.gateway.codes
    results = [shop.check(verification_id, wrong(code)).json for _ in range(5)]
    assert [(result["status"], result["valid"], result["checks_left"]) for result in results] == [
        ("pending", False, 4),
        ("pending", False, 3),
        ("pending", False, 2),
        ("pending", False, 1),
        ("max_checks_reached", False, 0),
    ]
    late = shop.check(verification_id, code)
    assert problem(late) == (410, "already_over")
    assert late.json["verification_status"] == "max_checks_reached"


def test_a_new_code_does_not_buy_more_guesses_at_a_number(shop: Caller, service: Service) -> None:
    for _ in range(2):
        verification_id = shop.sent()
        service.deliver_queued()
        for _ in range(5):
            assert shop.check(verification_id, wrong(service.gateway.codes[-1])).status_code == 200
        service.clock.move(1)
    verification_id = shop.sent()
    service.deliver_queued()
    code = service.gateway.codes[-1]
    for answer in (shop.check(verification_id, code), shop.check_number(NUMBER, code)):
        assert problem(answer) == (429, "number_locked")
        assert answer.headers["Retry-After"] == "29"
    service.clock.move(29)
    assert shop.check(verification_id, code).json["valid"] is True


def test_a_guess_before_anything_was_sent_costs_no_check(shop: Caller) -> None:
    guess = shop.check(shop.sent(), "123456")
    assert (guess.json["valid"], guess.json["checks_left"]) == (False, 5)


def test_a_check_by_number_takes_the_newest_pending(shop: Caller, service: Service) -> None:
    older = shop.sent(user="ann")
    service.clock.move(1)
    newer = shop.sent("+44 7400 123456", user="bob")
    service.clock.move(1)
    canceled = shop.sent()
    shop.cancel(canceled)
    service.deliver_queued()
    first, second = service.gateway.codes
    assert shop.check_number(NUMBER, first).json["id"] == newer
    approved = shop.check_number("07400 123456", second)
    assert (approved.json["id"], approved.json["valid"]) == (newer, True)
    assert shop.check_number(NUMBER, first).json == {
        "id": older,
        "status": "approved",
        "valid": True,
        "checks_left": 4,
    }
    assert problem(shop.check_number(NUMBER, first)) == (404, "not_found")


def test_another_app_knows_nothing_of_it(shop: Caller, bank: Caller, service: Service) -> None:
    verification_id = shop.sent()
    service.deliver_queued()
    [code] = service.gateway.codes
    for answer in (
        bank.read(verification_id),
        bank.check(verification_id, code),
        bank.check_number(NUMBER, code),
        bank.resend(verification_id),
        bank.cancel(verification_id),
    ):
        assert problem(answer) == (404, "not_found")
    assert shop.read(verification_id).json["checks_left"] == 5


def test_a_code_that_nobody_swept_is_expired_all_the_same(shop: Caller, service: Service) -> None:
    verification_id = shop.sent()
    service.deliver_queued()
    service.clock.move(299)
    assert shop.read(verification_id).json["status"] == "pending"
    service.clock.move(1)
    assert shop.read(verification_id).json["status"] == "expired"
    for answer in (
        shop.check(verification_id, service.gateway.codes[0]),
        shop.check(verification_id, wrong(service.gateway.codes[0])),
        shop.resend(verification_id),
        shop.cancel(verification_id),
    ):
        assert problem(answer) == (410, "already_over")
        assert answer.json["verification_status"] == "expired"
    assert problem(shop.check_number(NUMBER, service.gateway.codes[0])) == (404, "not_found")


def test_the_sweep_only_writes_down_what_was_so_already(shop: Caller, service: Service) -> None:
    verification_id = shop.sent()
    service.deliver_queued()
    service.clock.move(300)
    before = shop.read(verification_id).json
    service.expirer.expire(service.clock())
    after = shop.read(verification_id).json
    assert after == {**before, "ended_at": "2026-03-01T12:05:00Z"}


def test_canceling_twice_is_the_same_as_once(shop: Caller, service: Service) -> None:
    verification_id = shop.sent()
    first = shop.cancel(verification_id)
    service.clock.move(5)
    second = shop.cancel(verification_id)
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json["status"] == "canceled"
    assert first.json["delivery"]["status"] == "superseded"
    assert first.json == second.json
    service.deliver_queued()
    assert service.gateway.messages == []


def test_what_is_approved_cannot_be_canceled(shop: Caller, service: Service) -> None:
    verification_id = shop.sent()
    service.deliver_queued()
    shop.check(verification_id, service.gateway.codes[0])
    answer = shop.cancel(verification_id)
    assert problem(answer) == (410, "already_over")
    assert answer.json["verification_status"] == "approved"


def test_a_rehearsal_never_reaches_the_gateway(rehearsing: Caller, service: Service) -> None:
    verification_id = rehearsing.sent(code_length=8)
    service.deliver_queued()
    assert service.gateway.messages == []
    delivery = rehearsing.read(verification_id).json["delivery"]
    assert (delivery["status"], delivery["gateway"]) == ("sent", "rehearsal")
    assert rehearsing.check(verification_id, "123456").json["valid"] is False
    assert rehearsing.check(verification_id, "12345678").json["valid"] is True


def test_a_test_key_does_not_see_what_the_live_key_of_its_name_asked_for(
    shop: Caller, rehearsing: Caller
) -> None:
    assert problem(rehearsing.read(shop.sent())) == (404, "not_found")
    assert problem(shop.read(rehearsing.sent())) == (404, "not_found")


def test_a_rehearsal_of_an_offline_phone_waits_and_fails(
    rehearsing: Caller, shop: Caller, service: Service
) -> None:
    verification_id = rehearsing.sent("+447400120001")
    service.deliver_queued()
    assert rehearsing.read(verification_id).json["delivery"]["status"] == "waiting"
    # It is nobody else's phone that is offline.
    real = shop.sent()
    service.deliver_queued()
    assert shop.read(real).json["delivery"]["status"] == "sent"
    service.clock.move(service.policy.send_deadline_seconds)
    service.work()
    assert rehearsing.read(verification_id).json["status"] == "failed"


def test_a_rehearsal_of_a_refusal_fails_at_once(rehearsing: Caller, service: Service) -> None:
    verification_id = rehearsing.sent("+447400120002")
    service.deliver_queued()
    told = rehearsing.read(verification_id).json
    assert (told["status"], told["delivery"]["status"]) == ("failed", "failed")
    assert "refused" in told["delivery"]["reason"]


def test_a_rehearsal_of_an_expired_code_is_over_in_a_second(rehearsing: Caller, service: Service) -> None:
    verification_id = rehearsing.sent("+447400120003")
    service.deliver_queued()
    assert rehearsing.read(verification_id).json["delivery"]["status"] == "sent"
    service.clock.move(1)
    answer = rehearsing.check(verification_id, "123456")
    assert problem(answer) == (410, "already_over")
    assert answer.json["verification_status"] == "expired"


@pytest.mark.parametrize("number", ["+447400120001", "+447400120002", "+447400120003"])
def test_a_live_key_knows_no_such_numbers(shop: Caller, service: Service, number: str) -> None:
    verification_id = shop.sent(number)
    service.deliver_queued()
    service.clock.move(100)
    assert shop.check(verification_id, service.gateway.codes[-1]).json["valid"] is True
