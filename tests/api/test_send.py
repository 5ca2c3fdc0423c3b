"""Asking for a code."""

import pytest

from tests.api.client import Caller, problem
from tests.api.service import Service
from tests.contract.service import NUMBER

MASKED = "+44********56"


def test_the_answer_says_all_that_an_app_may_know(shop: Caller) -> None:
    answer = shop.send(user="ann")
    told = answer.json
    assert answer.status_code == 202
    assert answer.headers["Location"] == f"/v1/verifications/{told['id']}"
    assert told == {
        "id": told["id"],
        "status": "pending",
        "reason": None,
        "to": MASKED,
        "user": "ann",
        "channel": "sms",
        "purpose": None,
        "client_reference": None,
        "tags": {},
        "inbound": None,
        "resent": False,
        "delivery": {
            "status": "queued",
            "attempts": 0,
            "gateway": None,
            "reason": None,
            "next_attempt_at": "2026-03-01T12:00:00Z",
            "deadline_at": "2026-03-01T12:05:00Z",
            "sent_at": None,
            "delivered_at": None,
            "wait": None,
        },
        "checks_left": 5,
        "created_at": "2026-03-01T12:00:00Z",
        "expires_at": "2026-03-01T12:10:00Z",
        "resend_at": "2026-03-01T12:00:30Z",
        "ended_at": None,
        **dict.fromkeys(("amount", "currency", "payee")),
        "limits": [],
    }


def test_one_send_is_one_row_and_one_message_on_the_queue(shop: Caller, service: Service) -> None:
    verification_id = shop.sent()
    assert (service.count("verifications"), service.count("deliveries")) == (1, 1)
    assert service.queue == [f"{verification_id}.1"]


def test_a_broker_that_is_away_changes_nothing_for_the_app(shop: Caller, service: Service) -> None:
    service.broker_is_away = True
    verification_id = shop.sent()
    assert service.queue == []
    assert service.count("verifications") == 1
    assert shop.read(verification_id).json["delivery"]["status"] == "queued"
    service.broker_is_away = False
    service.work()
    assert len(service.gateway.codes) == 1


def test_the_number_is_masked_wherever_it_is_shown(shop: Caller, service: Service) -> None:
    verification_id = shop.sent()
    service.deliver_queued()
    service.clock.move(31)
    answers = [shop.read(verification_id), shop.resend(verification_id), shop.cancel(verification_id)]
    assert [answer.json["to"] for answer in answers] == [MASKED] * 3
    assert all(NUMBER[1:] not in answer.text for answer in answers)


@pytest.mark.parametrize("spelling", ["+44 7400 123456", "0044 7400 123456", "07400123456", "+447400-123456"])
def test_every_spelling_is_the_same_number(shop: Caller, service: Service, spelling: str) -> None:
    shop.sent(spelling)
    service.deliver_queued()
    assert [message.to for message in service.gateway.messages] == [NUMBER]


def test_all_that_can_be_asked_for_is_heeded(shop: Caller, service: Service) -> None:
    verification_id = shop.sent(
        user="ann", channel="sms", locale="de-AT", ip="2001:db8::1", ttl_seconds=120, code_length=8
    )
    service.deliver_queued()
    [message] = service.gateway.messages
    assert message.text == f"Ihr Code ist {service.gateway.codes[0]} (2 Minuten gültig)."
    assert len(service.gateway.codes[0]) == 8
    assert shop.read(verification_id).json["expires_at"] == "2026-03-01T12:02:00Z"


def test_what_is_optional_may_be_null(shop: Caller) -> None:
    assert (
        shop.send(
            user=None, template=None, locale=None, ip=None, ttl_seconds=None, code_length=None
        ).status_code
        == 202
    )


def test_a_plain_request_id_is_given_back(shop: Caller, logged: list[dict[str, object]]) -> None:
    answer = shop.simulate_get("/healthz", headers={"X-Request-Id": "order-17.a_b"})
    assert answer.headers["X-Request-Id"] == "order-17.a_b"
    shop.simulate_get("/v1/verifications/none", headers={"X-Request-Id": "order-18"})
    assert logged[-1]["request_id"] == "order-18"


@pytest.mark.parametrize("odd", ["", "a b", "x" * 65, "id\u00e9", "{}", "a;b", "a\tb"])
def test_an_odd_request_id_is_replaced(shop: Caller, odd: str) -> None:
    given_back = shop.simulate_get("/healthz", headers={"X-Request-Id": odd}).headers["X-Request-Id"]
    assert given_back.startswith("req_")
    assert len(given_back) == 30


def test_every_request_without_an_id_gets_its_own(shop: Caller) -> None:
    ids = {shop.simulate_get("/healthz").headers["X-Request-Id"] for _ in range(3)}
    assert len(ids) == 3


def test_a_problem_names_the_request_it_is_about(shop: Caller) -> None:
    answer = shop.simulate_post("/v1/verifications", body=b"{}", headers={"X-Request-Id": "order-17"})
    assert problem(answer) == (422, "invalid_field")
    assert answer.json["request_id"] == "order-17"


def test_one_line_is_logged_for_a_request_and_it_holds_the_route_alone(
    shop: Caller, logged: list[dict[str, object]]
) -> None:
    verification_id = shop.sent()
    shop.read(verification_id)
    requests = [line for line in logged if line["event"] == "request"]
    assert [(line["method"], line["route"], line["status"], line["app"]) for line in requests] == [
        ("POST", "/v1/verifications", 202, "shop"),
        ("GET", "/v1/verifications/{verification_id}", 200, "shop"),
    ]
