"""What an app does with links: make them, for its own origin alone, and redeem each result once."""

from typing import Any

import jwt
import pytest
from falcon import App

from api.app import create_app
from otp_worker.domain.app import KeyScope
from otp_worker.domain.entry_link import RESULT_SECONDS
from otp_worker.protection.api_keys import ApiKeys
from tests.api.client import Caller, problem
from tests.api.entry.person import BACK, LINKS, ORIGIN, Person, made, open_shop, redeem, result_in
from tests.api.service import OUR_URL, Service
from tests.contract.service import NUMBER

ELSEWHERE = (
    "https://evil.example/",
    ORIGIN,
    f"{ORIGIN}.evil.example/",
    f"{ORIGIN}:8443/",
    f"{ORIGIN}@evil.example/",
    f"{ORIGIN}\\@evil.example/",
    f"{ORIGIN}?next=https://evil.example",
    "http://shop.example/",
    "//shop.example/",
    "/signed-in",
    "HTTPS://SHOP.EXAMPLE/",
    f"{ORIGIN}/#fragment",
    f"{ORIGIN}/a\r\nSet-Cookie: a=b",
    f"{ORIGIN}/caf\u00e9",
    "javascript:alert(1)//https://shop.example/",
    f"{ORIGIN}/{'x' * 512}",
)


def ask(caller: Caller, **fields: object) -> Any:
    return caller.simulate_post(LINKS, json={"to": NUMBER, "return_url": BACK, **fields})


@pytest.mark.usefixtures("origin")
def test_nobody_is_sent_back_to_anywhere_but_the_apps_own_origin(shop: Caller) -> None:
    for url in ELSEWHERE:
        refused = ask(shop, return_url=url)
        assert problem(refused) == (422, "invalid_field"), url
        assert refused.json["errors"][0]["field"] == "return_url", url


def test_an_app_without_an_origin_gets_no_link(shop: Caller) -> None:
    refused = ask(shop)
    assert problem(refused) == (422, "invalid_field")
    assert "web_origin" in refused.json["detail"]


@pytest.mark.usefixtures("origin")
def test_a_link_is_refused_as_its_send_would_be(shop: Caller, service: Service) -> None:
    assert problem(ask(shop, to="+33612345678")) == (403, "country_not_allowed")
    for field, value in (
        ("template", "nowhere"),
        ("to", "12"),
        ("limits", {"device": "a"}),
        ("code", "123456"),
    ):
        assert problem(ask(shop, **{field: value})) == (422, "invalid_field"), field
    assert service.count("entry_links") == 0


def test_a_link_holds_no_number_and_sends_nothing(link: dict[str, Any], service: Service) -> None:
    assert link["url"].startswith(f"{OUR_URL}/entry/{link['id']}.")
    assert NUMBER[3:] not in str(link)
    assert NUMBER[3:].encode() not in service.db_bytes()
    assert service.count("verifications") == 0


@pytest.mark.usefixtures("origin")
def test_where_the_page_is_off_there_is_no_link_and_no_page(service: Service) -> None:
    app = create_app(service.intake())
    refused = ask(Caller(app, service.key("shop")))
    assert problem(refused) == (404, "not_found")
    assert "OTP_ENTRY_PAGE" in refused.json["detail"]
    assert Caller(app).simulate_get("/entry/anything").status_code == 404


@pytest.mark.usefixtures("origin")
def test_a_key_that_may_not_check_makes_no_link(app: "App[Any, Any]", service: Service) -> None:
    key = ApiKeys(service.db).create("shop", service.clock(), scopes=frozenset({KeyScope.SEND}))
    assert problem(ask(Caller(app, key))) == (403, "scope_missing")


def approved(person: Person, service: Service) -> str:
    """The result of a person who has entered the code."""
    person.asked()
    service.deliver_queued()
    answer = person.type(service.gateway.codes[-1])
    assert answer.status_code == 303
    return result_in(answer.headers["Location"])


def test_a_result_is_redeemed_once(
    person: Person, link: dict[str, Any], shop: Caller, service: Service
) -> None:
    result = approved(person, service)
    told = redeem(shop, link, result)
    assert told.status_code == 200
    assert (told.json["outcome"], told.json["user"]) == ("approved", "user-17")
    assert shop.read(told.json["verification_id"]).json["status"] == "approved"
    assert problem(redeem(shop, link, result)) == (410, "result_redeemed")


def test_an_app_may_check_the_signature_itself(
    person: Person, link: dict[str, Any], service: Service
) -> None:
    result = approved(person, service)
    claims = jwt.decode(
        result,
        link["result_secret"],
        algorithms=["HS256"],
        audience="shop",
        options={"verify_exp": False, "verify_iat": False},
    )
    assert (claims["outcome"], claims["jti"], claims["iss"]) == ("approved", link["id"], OUR_URL)
    assert claims["exp"] - claims["iat"] == RESULT_SECONDS


def test_a_result_is_good_for_five_minutes(
    person: Person, link: dict[str, Any], shop: Caller, service: Service
) -> None:
    result = approved(person, service)
    service.clock.move(RESULT_SECONDS)
    assert problem(redeem(shop, link, result)) == (410, "result_redeemed")


def test_what_we_did_not_sign_for_this_link_redeems_nothing(
    person: Person, link: dict[str, Any], shop: Caller, bank: Caller, service: Service
) -> None:
    other = made(shop)
    result = approved(person, service)
    head, body, signature = result.split(".")
    forged = jwt.encode(jwt.decode(result, options={"verify_signature": False}), "x" * 32, algorithm="HS256")
    unsigned = jwt.encode({"jti": link["id"], "outcome": "approved"}, "", algorithm="none")
    for wrong in (
        forged,
        unsigned,
        f"{head}.{body}.",
        f"{head}.{signature}.{body}",
        "x",
        "\u00e9.\u00e9.\u00e9",
    ):
        assert problem(redeem(shop, link, wrong)) == (422, "invalid_field")
    assert problem(redeem(shop, other, result)) == (422, "invalid_field")
    assert problem(redeem(bank, link, result)) == (404, "not_found")
    assert redeem(shop, link, result).status_code == 200


def test_a_person_who_is_forgotten_leaves_no_link(person: Person, admin: Caller, service: Service) -> None:
    assert admin.simulate_post("/v1/admin/numbers/forget", json={"to": NUMBER}).status_code == 200
    assert service.count("entry_links") == 0
    assert person.look().status_code == 410


def test_the_way_back_is_judged_again_when_it_is_taken(person: Person, service: Service) -> None:
    person.asked()
    service.deliver_queued()
    open_shop(service, web_origin="https://new.example")
    answer = person.type(service.gateway.codes[-1])
    assert answer.headers["Location"] == person.path
    assert "shop.example" not in person.look().text
