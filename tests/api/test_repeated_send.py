"""A send that is repeated while one is pending is a resend: no person holds two codes."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from otp_worker.domain.limits import Limit, parse_rates
from otp_worker.domain.policy import Policy
from tests.api.client import ONE, Caller, problem
from tests.api.service import Service
from tests.contract.service import ACCEPTED, NUMBER, OFFLINE

SPELLINGS = ["+44 7400 123456", "07400 123456", "\uff0b447400123456"]


def limit(service: Service, **rates: str) -> None:
    found = {Limit(name): parse_rates(text) for name, text in rates.items()}
    object.__setattr__(service.limits, "rates", found)


@pytest.mark.parametrize("to", [NUMBER, *SPELLINGS])
def test_while_the_first_sms_is_unsent_it_is_that_sms(shop: Caller, service: Service, to: str) -> None:
    first = shop.send(user="ann")
    service.clock.move(1)
    again = shop.send(to, user="ann")
    assert again.status_code == 202
    assert (first.json["resent"], again.json["resent"]) == (False, True)
    assert again.json["id"] == first.json["id"]
    assert again.headers["Location"] == first.headers["Location"]
    assert service.count("verifications") == service.count("deliveries") == 1
    assert service.queue == [f"{first.json['id']}.1"]


def test_so_it_is_while_it_waits_for_a_phone_that_is_offline(shop: Caller, service: Service) -> None:
    service.gateway.outcomes = [OFFLINE]
    verification_id = shop.sent()
    service.deliver_queued()
    for _ in range(3):
        service.clock.move(31)
        assert shop.send().json["id"] == verification_id
    service.gateway.outcomes = [ACCEPTED]
    service.work()
    assert len(set(service.gateway.codes)) == 1
    assert service.count("deliveries") == 1


def test_when_it_is_sent_a_resends_rules_hold(shop: Caller, service: Service, sent: str) -> None:
    service.clock.move(29)
    assert problem(shop.send()) == (429, "too_soon")
    service.clock.move(1)
    again = shop.send()
    assert (again.json["id"], again.json["resent"]) == (sent, True)
    service.deliver_queued()
    first, second = service.gateway.codes
    assert first == second
    assert service.count("verifications") == 1


@pytest.mark.parametrize(
    "other", [{"user": "bob"}, {"user": None}, {"to": "+447400654321"}], ids=lambda other: next(iter(other))
)
def test_another_person_has_a_code_of_its_own(shop: Caller, other: dict[str, Any]) -> None:
    first = shop.sent(user="ann")
    asked = {"to": NUMBER, "user": "ann", **other}
    assert shop.sent(**asked) != first
    assert shop.sent(user="ann") == first


def test_another_app_and_a_test_key_have_codes_of_their_own(
    shop: Caller, bank: Caller, rehearsing: Caller
) -> None:
    ids = [caller.sent() for caller in (shop, bank, rehearsing)]
    assert len(set(ids)) == 3
    assert [caller.sent() for caller in (shop, bank, rehearsing)] == ids


@pytest.mark.parametrize("ignored", [{"locale": "de"}, {"ip": "203.0.113.9"}, {"ttl_seconds": 60}], ids=str)
def test_another_locale_address_or_life_is_ignored_and_the_answer_shows_what_holds(
    shop: Caller, ignored: dict[str, Any]
) -> None:
    first = shop.send()
    again = shop.send(**ignored)
    assert again.json["id"] == first.json["id"]
    assert again.json["expires_at"] == first.json["expires_at"]


@pytest.fixture
def templates(service: Service) -> None:
    """The operator has two."""
    policy = Policy(
        countries=frozenset({"GB"}),
        bcrypt_rounds=4,
        templates={"login": "Your code is {code}", "payment": "Pay with {code}"},
    )
    for part in (service.issuer.drafts, service.deliverer, service.verifier):
        object.__setattr__(part, "policy", policy)


@pytest.mark.usefixtures("templates")
@pytest.mark.parametrize("asked", [{"new": True}, {"code_length": 8}, {"template": "payment"}], ids=str)
def test_a_new_one_supersedes_what_is_unsent(shop: Caller, service: Service, asked: dict[str, Any]) -> None:
    older = shop.sent()
    newer = shop.send(**asked)
    assert newer.json["resent"] is False
    assert newer.json["id"] != older
    over = shop.read(older).json
    assert (over["status"], over["reason"]) == ("canceled", "superseded by a newer request")
    assert over["delivery"]["status"] == "superseded"
    service.deliver_queued()
    assert len(service.gateway.codes) == 1
    assert shop.check(newer.json["id"], service.gateway.codes[0]).json["valid"] is True


def test_a_new_one_leaves_what_is_sent_and_calls_its_unsent_resend_back(
    shop: Caller, service: Service, sent: str
) -> None:
    service.clock.move(31)
    shop.resend(sent)
    newer = shop.sent(new=True)
    service.deliver_queued()
    assert len(service.gateway.messages) == 2
    assert shop.read(sent).json["status"] == "pending"
    assert shop.check(sent, service.gateway.codes[0]).json["valid"] is True
    assert shop.check_number(NUMBER, service.gateway.codes[1]).json["id"] == newer


def test_a_new_one_that_a_limit_refuses_supersedes_nothing(shop: Caller, service: Service) -> None:
    limit(service, number="1/h")
    older = shop.sent()
    assert problem(shop.send(new=True)) == (429, "limit_reached")
    assert shop.read(older).json["status"] == "pending"


def test_what_is_over_is_not_sent_again_but_a_new_one_is(shop: Caller, service: Service, sent: str) -> None:
    shop.cancel(sent)
    assert shop.send().json["resent"] is False
    assert service.count("verifications") == 2


def test_with_too_little_life_left_a_new_one_is_sent(shop: Caller, service: Service, sent: str) -> None:
    for _ in range(2):
        service.clock.move(240)
        shop.resend(sent)
        service.deliver_queued()
    service.clock.move(90)
    again = shop.send()
    assert (again.status_code, again.json["resent"]) == (202, False)
    assert again.json["id"] != sent


def test_a_repeat_of_what_is_unsent_counts_for_who_asks_and_not_for_the_phone(
    shop: Caller, service: Service
) -> None:
    limit(service, number="1/h", block="1/h", country="1/h", total="1/h", key="5/h", ip="3/h")
    first = shop.sent(ip="203.0.113.7")
    answers = [shop.send(ip="203.0.113.7") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [202, 202, 202, 429]
    assert answers[-1].json["limit"] == "ip"
    assert {answer.json["id"] for answer in answers[:3]} == {first}
    assert [shop.send(ip="203.0.113.8").status_code for _ in range(3)] == [202, 202, 429]
    assert problem(shop.send("+447400123457")) == (429, "limit_reached")


def test_a_resend_of_what_is_unsent_counts_the_same(shop: Caller, service: Service) -> None:
    limit(service, number="1/h", key="2/h")
    verification_id = shop.sent()
    answers = [shop.resend(verification_id) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [202, 202, 429]
    assert answers[-1].json["limit"] == "key"


def test_a_hundred_at_once_are_one_verification_and_one_sms(shop: Caller, service: Service) -> None:
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda _: shop.send(), range(100)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json["id"] for answer in answers}) == 1
    assert [answer.json["resent"] for answer in answers].count(False) == 1
    assert service.count("verifications") == len(service.queue) == 1


def test_an_idempotency_key_keeps_its_meaning(shop: Caller, service: Service) -> None:
    def send(key: str) -> Any:
        return shop.simulate_post(ONE, json={"to": NUMBER}, headers={"Idempotency-Key": key})

    first, other = send("order-1"), send("order-2")
    assert (other.json["id"], other.json["resent"]) == (first.json["id"], True)
    service.deliver_queued()
    service.clock.move(31)
    assert [send("order-1").text, send("order-2").text] == [first.text, other.text]
    assert len(service.gateway.messages) == 1


def test_a_key_from_before_new_was_known_is_still_the_same_request(shop: Caller, service: Service) -> None:
    """What was hashed then is what is hashed now, or a rolling upgrade would refuse its repetition."""
    body = {"to": NUMBER, "user": None, "channel": "sms", "template": None, "locale": None, "ip": None}
    body |= {"ttl_seconds": None, "code_length": None}
    as_before = f"send {json.dumps(body, separators=(',', ':'))}"
    headers = {"Idempotency-Key": "order-1"}
    first = shop.simulate_post(ONE, json={"to": NUMBER}, headers=headers)

    def act(_: object) -> str:
        pytest.fail("it was taken for another request")

    answer = service.intake().idempotency.run(
        app="shop", key="order-1", request=as_before, act=act, recover=act
    )
    assert json.loads(answer.text) == first.json


def test_new_is_a_boolean(shop: Caller) -> None:
    assert problem(shop.send(new="yes")) == (422, "invalid_field")
