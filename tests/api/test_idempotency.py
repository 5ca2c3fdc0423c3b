"""Idempotency-Key: one effect and one answer for a request that is repeated."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from falcon.testing import Result
from sqlalchemy import update

from otp_worker.domain.limits import Limit, parse_rates
from otp_worker.issue.idempotency import ANSWER_SECONDS
from otp_worker.store.idempotency_keys import KEPT_HOURS
from otp_worker.store.schema import idempotency_keys
from tests.api.client import ONE, Caller, problem
from tests.api.service import Service
from tests.contract.service import NUMBER

OTHER = "+447400654321"


def send(caller: Caller, key: str, to: str = NUMBER, **fields: object) -> Result:
    return caller.simulate_post(ONE, json={"to": to, **fields}, headers={"Idempotency-Key": key})


def resend(caller: Caller, verification_id: str, key: str) -> Result:
    return caller.simulate_post(f"{ONE}/{verification_id}/resend", headers={"Idempotency-Key": key})


def lose_the_answer(service: Service) -> None:
    """The process dies between its commit and its answer."""
    with service.db.write() as connection:
        connection.execute(update(idempotency_keys).values(answer=None))


def test_a_repeated_send_is_one_sms_and_one_answer(shop: Caller, service: Service) -> None:
    first = send(shop, "order-1", user="ann")
    service.deliver_queued()
    service.clock.move(3600)
    again = send(shop, "order-1", user="ann")
    assert (again.status_code, again.text) == (202, first.text)
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    assert service.count("verifications") == len(service.gateway.messages) == 1


def test_the_order_of_the_fields_makes_no_other_request(shop: Caller) -> None:
    headers = {"Idempotency-Key": "order-1"}
    bodies = (f'{{"to": "{NUMBER}", "user": "ann"}}', f'{{"user":"ann","to":"{NUMBER}"}}')
    answers = {shop.simulate_post(ONE, body=body, headers=headers).text for body in bodies}
    assert len(answers) == 1


@pytest.mark.parametrize("change", [{"to": OTHER}, {"user": "bob"}, {"ttl_seconds": 60}])
def test_another_request_under_the_same_key_is_refused(
    shop: Caller, service: Service, change: dict[str, Any]
) -> None:
    send(shop, "order-1")
    answer = send(shop, "order-1", **change)
    assert problem(answer) == (422, "invalid_field")
    assert answer.json["errors"][0]["field"] == "Idempotency-Key"
    assert service.count("verifications") == 1


def test_another_key_is_another_request_and_so_is_another_apps(shop: Caller, bank: Caller) -> None:
    answers = [send(shop, "order-1"), send(shop, "order-2", new=True), send(bank, "order-1")]
    assert len({answer.json["id"] for answer in answers}) == 3


@pytest.mark.parametrize("key", ["", "two words", "k" * 256, "schl\u00fcssel"])
def test_a_key_that_is_none_is_refused(shop: Caller, service: Service, key: str) -> None:
    answer = send(shop, key)
    assert problem(answer) == (422, "invalid_field")
    assert "255 printable ASCII" in answer.json["errors"][0]["detail"]
    assert service.count("verifications") == 0


def test_what_was_refused_is_judged_anew(shop: Caller, service: Service) -> None:
    assert send(shop, "order-1", "+4420").status_code == 422
    assert send(shop, "order-1").status_code == 202


def test_a_request_that_is_being_answered_is_in_flight(shop: Caller, service: Service) -> None:
    send(shop, "order-1")
    lose_the_answer(service)
    answer = send(shop, "order-1")
    assert problem(answer) == (409, "request_in_flight")
    assert answer.headers["Retry-After"] == "1"
    assert service.count("verifications") == 1


def test_a_request_whose_answer_was_lost_gets_what_became_of_it(shop: Caller, service: Service) -> None:
    first = send(shop, "order-1")
    lose_the_answer(service)
    service.deliver_queued()
    service.clock.move(ANSWER_SECONDS)
    again = send(shop, "order-1")
    assert (again.status_code, again.json["id"]) == (202, first.json["id"])
    assert again.json["delivery"]["status"] == "sent"
    assert service.count("verifications") == 1


def test_a_key_is_kept_for_a_day(shop: Caller, service: Service) -> None:
    first = send(shop, "order-1")
    service.clock.move(KEPT_HOURS * 3600 - 1)
    service.expirer.purge(service.clock())
    assert send(shop, "order-1").text == first.text
    service.clock.move(1)
    service.expirer.purge(service.clock())
    assert send(shop, "order-1").json["id"] != first.json["id"]


def test_a_repeated_resend_is_one_sms_and_one_answer(shop: Caller, service: Service, sent: str) -> None:
    service.clock.move(31)
    first = resend(shop, sent, "again-1")
    service.deliver_queued()
    service.clock.move(31)
    assert resend(shop, sent, "again-1").text == first.text
    assert len(service.gateway.messages) == 2
    assert resend(shop, sent, "again-2").status_code == 202
    service.deliver_queued()
    assert len(service.gateway.messages) == 3


def test_a_repeated_resend_of_an_sms_on_its_way_asks_for_no_other(shop: Caller, service: Service) -> None:
    verification_id = shop.sent()
    first = resend(shop, verification_id, "again-1")
    service.deliver_queued()
    service.clock.move(31)
    assert resend(shop, verification_id, "again-1").text == first.text
    assert len(service.gateway.messages) == 1


def test_a_key_of_a_send_is_not_one_of_a_resend(shop: Caller, service: Service, sent: str) -> None:
    send(shop, "order-1", OTHER)
    service.clock.move(31)
    assert problem(resend(shop, sent, "order-1")) == (422, "invalid_field")


def test_nothing_that_is_kept_tells_the_key_or_the_number(shop: Caller, service: Service) -> None:
    send(shop, f"for-{NUMBER}")
    with service.db.read() as connection:
        row = str(connection.execute(idempotency_keys.select()).one())
    assert NUMBER[1:] not in row


class TestTogether:
    """Many of one request at once."""

    @pytest.fixture
    def service(self, service: Service) -> Service:
        object.__setattr__(service.limits, "rates", {Limit.NUMBER: parse_rates("1/30s")})
        return service

    def test_they_are_one_sms(self, shop: Caller, service: Service) -> None:
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: send(shop, "order-1"), range(40)))
        accepted = [answer for answer in answers if answer.status_code == 202]
        assert len({answer.text for answer in accepted}) == 1
        assert {problem(answer) for answer in answers if answer not in accepted} <= {
            (409, "request_in_flight")
        }
        assert service.count("verifications") == 1
        assert send(shop, "order-1").text == accepted[0].text
