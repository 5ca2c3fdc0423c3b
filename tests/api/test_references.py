"""What an app says of a send: purposes stand side by side, and references and tags find it again."""

import json
from typing import Any

import pytest

from otp_worker.store.schema import verification_tags
from tests.api.client import Caller, problem
from tests.api.service import Service
from tests.contract.service import NUMBER

LIST = "/v1/verifications"


def found(caller: Caller, query: str) -> list[str]:
    answer = caller.simulate_get(f"{LIST}?{query}")
    assert answer.status_code == 200, answer.text
    return [each["id"] for each in answer.json["verifications"]]


def test_what_was_said_comes_back_wherever_a_verification_is_shown(shop: Caller) -> None:
    said: dict[str, Any] = {
        "purpose": "payment",
        "client_reference": "order 1017",
        "tags": {"campaign": "spring", "a.b-c": "ü"},
    }
    sent = shop.send(**said)
    read = shop.read(sent.json["id"])
    (listed,) = shop.simulate_get(LIST).json["verifications"]
    for shown in (sent.json, read.json, listed):
        assert {name: shown[name] for name in said} == said


def test_what_was_not_said_is_null(shop: Caller) -> None:
    shown = shop.read(shop.sent()).json
    assert (shown["purpose"], shown["client_reference"], shown["tags"]) == (None, None, {})


def test_one_code_is_pending_for_each_purpose(shop: Caller, service: Service) -> None:
    payment, login, none = (shop.sent(**each) for each in ({"purpose": "payment"}, {"purpose": "login"}, {}))
    assert len({payment, login, none}) == 3
    service.clock.move(31)
    again = shop.send(purpose="payment")
    assert (again.json["id"], again.json["resent"], again.json["purpose"]) == (payment, True, "payment")
    assert shop.send().json["id"] == none


def test_a_check_by_number_is_for_the_purpose_that_it_names(shop: Caller, service: Service) -> None:
    shop.sent(purpose="payment")
    service.deliver_queued()
    code = service.gateway.codes[-1]
    body = {"to": NUMBER, "code": code}
    for purpose in ({}, {"purpose": "login"}):
        refused = shop.simulate_post(f"{LIST}/check", json={**body, **purpose})
        assert problem(refused) == (404, "not_found")
    assert shop.simulate_post(f"{LIST}/check", json={**body, "purpose": "payment"}).json["valid"]


def test_a_send_without_a_purpose_is_checked_as_ever(shop: Caller, service: Service) -> None:
    shop.sent()
    shop.sent(purpose="payment")
    service.deliver_queued()
    assert shop.check_number(NUMBER, service.gateway.codes[0]).json["valid"]


def test_an_app_may_name_the_purposes_of_its_settings_alone(admin: Caller, shop: Caller) -> None:
    assert (
        admin.simulate_patch("/v1/admin/apps/shop", json={"purposes": ["login", "payment"]}).status_code
        == 200
    )
    refused = shop.send(purpose="sign-up")
    assert problem(refused) == (422, "invalid_field")
    assert refused.json["errors"] == [
        {"field": "purpose", "detail": "this app may ask for login, payment alone"}
    ]
    assert shop.send(purpose="login").status_code == 202
    assert shop.send().status_code == 202


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("purpose", "Pay now"),
        ("purpose", ""),
        ("purpose", "x" * 33),
        ("client_reference", ""),
        ("client_reference", "two\nlines"),
        ("client_reference", "x" * 129),
        ("tags", []),
        ("tags", {"": "x"}),
        ("tags", {"a b": "x"}),
        ("tags", {"a": ""}),
        ("tags", {"a": 1}),
        ("tags", {"a": "x" * 129}),
        ("tags", {"a": "\u0000"}),
        ("tags", {f"t{n}": "x" for n in range(11)}),
    ],
)
def test_what_cannot_be_is_named(shop: Caller, field: str, value: Any) -> None:
    refused = shop.send(**{field: value})
    assert problem(refused) == (422, "invalid_field")
    assert [each["field"] for each in refused.json["errors"]] == [field]
    assert "give" in refused.json["errors"][0]["detail"]


def test_they_are_found_by_purpose_reference_and_tag(shop: Caller, bank: Caller, service: Service) -> None:
    first = shop.sent(
        user="1", purpose="payment", client_reference="o 1", tags={"campaign": "a:b", "shop": "x"}
    )
    service.clock.move(1)
    second = shop.sent(user="2", purpose="payment", tags={"campaign": "a:b"})
    third = shop.sent(user="3", purpose="login", client_reference="o 1")
    other = bank.sent(purpose="payment", client_reference="o 1", tags={"campaign": "a:b"})
    assert found(shop, "purpose=payment") == [second, first]
    assert found(shop, "purpose=payment&user=1") == [first]
    assert set(found(shop, "client_reference=o%201")) == {first, third}
    assert found(shop, "client_reference=o%201&purpose=login") == [third]
    assert found(shop, "tag=campaign:a%3Ab") == [second, first]
    assert found(shop, "tag=campaign:a%3Ab&client_reference=o%201") == [first]
    assert found(shop, "tag=campaign:a%3Ab&status=approved") == []
    assert found(shop, "tag=shop:y") == []
    assert found(bank, "purpose=payment") == found(bank, "tag=campaign:a%3Ab") == [other]
    searched = shop.simulate_post(f"{LIST}/search", json={"to": NUMBER, "tag": "shop:x"})
    assert [each["id"] for each in searched.json["verifications"]] == [first]


def test_a_page_by_tag_leads_on(shop: Caller, service: Service) -> None:
    sent = []
    for user in "123":
        sent.append(shop.sent(user=user, purpose="login", tags={"campaign": "spring"}))
        service.clock.move(1)
    for query in ("tag=campaign:spring", "purpose=login"):
        page = shop.simulate_get(f"{LIST}?{query}&limit=2").json
        cursor = page["next_cursor"]
        rest = found(shop, f"{query}&limit=2&cursor={cursor}")
        assert [*(each["id"] for each in page["verifications"]), *rest] == sent[::-1]


def test_a_tag_without_a_value_is_refused(shop: Caller) -> None:
    for tag in ("campaign", "campaign:", ":spring", "a b:c"):
        assert problem(shop.simulate_get(LIST, params={"tag": tag})) == (422, "invalid_field"), tag


def test_the_trail_says_what_it_was_for(shop: Caller) -> None:
    sent = shop.sent(purpose="payment", client_reference="order 1017")
    (asked, *_) = shop.simulate_get(f"{LIST}/{sent}/timeline").json["timeline"]
    assert asked["what"] == "the code was asked for, purpose payment, reference order 1017"


def test_a_request_that_says_nothing_is_the_same_to_older_versions(shop: Caller, service: Service) -> None:
    headers = {"Idempotency-Key": "sign-in-1"}
    plain = json.dumps({"to": NUMBER})
    null = json.dumps({"to": NUMBER, "purpose": None, "client_reference": None, "tags": {}})
    first = shop.simulate_post(LIST, body=plain, headers=headers)
    again = shop.simulate_post(LIST, body=null, headers=headers)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.json == first.json


def test_who_is_erased_leaves_no_tag(shop: Caller, admin: Caller, service: Service) -> None:
    shop.sent(tags={"campaign": "spring"})
    assert service.count(verification_tags.name) == 1
    admin.simulate_post("/v1/admin/numbers/forget", json={"to": NUMBER})
    assert service.count(verification_tags.name) == 0
