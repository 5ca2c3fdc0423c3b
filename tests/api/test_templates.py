"""Templates of an app's own: defined by keys with the scope admin, and what the app's SMS then say."""

from dataclasses import replace
from typing import Any

import pytest
from falcon.testing import Result
from sqlalchemy import select

from otp_worker.protection import api_keys
from otp_worker.store.schema import verifications
from tests.api.client import Caller, problem
from tests.api.service import Service

# What is set holds within a second, for which a process remembers a key and its app.
pytestmark = pytest.mark.usefixtures("_nothing_is_remembered")

SHOP = "/v1/admin/apps/shop"
LOGIN = f"{SHOP}/templates/login"


@pytest.fixture
def _nothing_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_keys, "REMEMBERED_SECONDS", 0.0)


def define(admin: Caller, name: str = "login", text: str = "{name}: {code}", **more: object) -> Result:
    body = {"texts": {"en": text}, **more}
    defined = admin.simulate_put(f"{SHOP}/templates/{name}", json=body)
    assert defined.status_code == 200, defined.text
    return defined


def said(service: Service, shop: Caller, **body: Any) -> str:
    sent = shop.send(**body)
    assert sent.status_code == 202, sent.text
    service.deliver_queued()
    return service.gateway.messages[-1].text.replace(service.gateway.codes[-1], "CODE")


def test_a_template_is_defined_read_changed_and_taken_out_of_use(admin: Caller, shop: Caller) -> None:
    assert admin.simulate_get(f"{SHOP}/templates").json == {"templates": []}
    first = define(admin, text="{code} ({life})").json
    assert (first["version"], first["in_use"], first["default_locale"]) == (1, True, "en")
    assert first["shown"][0]["text"] == "123456 (5 minutes)"
    assert define(admin, text="{code} ({life})").json == first
    assert define(admin, text="Your {code}").json["version"] == 2
    assert admin.simulate_get(LOGIN).json["version"] == 2
    old = admin.simulate_get(LOGIN, params={"version": "1"}).json
    assert old == {**first, "in_use": False}
    assert [each["version"] for each in admin.simulate_get(f"{SHOP}/templates").json["templates"]] == [2]
    removed = admin.simulate_delete(LOGIN)
    assert (removed.status_code, removed.json["in_use"]) == (200, False)
    for gone in (admin.simulate_get(LOGIN), admin.simulate_delete(LOGIN)):
        assert problem(gone) == (404, "not_found")


@pytest.mark.parametrize("path", ["/v1/admin/apps/bank/templates", "/v1/admin/apps/bank/templates/login"])
def test_an_app_that_there_is_not_has_no_templates(admin: Caller, path: str) -> None:
    assert problem(admin.simulate_get(path)) == (404, "not_found")
    if path.endswith("login"):
        body = {"texts": {"en": "{code}"}}
        assert problem(admin.simulate_put(path, json=body)) == (404, "not_found")


def test_what_cannot_be_sent_in_a_language_is_refused_with_each(admin: Caller, shop: Caller) -> None:
    body = {"texts": {"en": "{code} shop.example", "de": "{code}", "ru": "Код {code}"}}
    refused = admin.simulate_put(LOGIN, json=body)
    assert problem(refused) == (422, "invalid_field")
    assert [each["field"] for each in refused.json["errors"]] == ["texts", "texts"]
    assert "en: leave out what looks like a link" in refused.json["detail"]
    assert "ru: these characters are not in the GSM-7 alphabet" in refused.json["detail"]
    assert problem(admin.simulate_get(LOGIN)) == (404, "not_found")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"texts": {}},
        {"texts": []},
        {"texts": {"en": 1}},
        {"texts": {"en": "{code}"}, "alphabet": "utf8"},
        {"texts": {"en": "{code}"}, "fields": {"order": "long"}},
        {"texts": {"en": "{code}"}, "fields": {"order": 10**30}},
        {"texts": {"en": "{code}" + "x" * 321}},
        {"texts": {"en\u0000": "{code}"}},
        {"texts": {"en": "{code}\u0000"}},
        {"texts": {"en": "{code}"}, "colour": "red"},
    ],
    ids=str,
)
def test_a_body_that_is_no_template_is_refused(admin: Caller, shop: Caller, body: dict[str, Any]) -> None:
    assert problem(admin.simulate_put(LOGIN, json=body)) == (422, "invalid_field")


@pytest.mark.parametrize("name", ["a%20b", "x" * 65, "%00", "a%0Ab"])
def test_a_name_that_is_none_is_refused(admin: Caller, shop: Caller, name: str) -> None:
    path = f"{SHOP}/templates/{name}"
    assert problem(admin.simulate_get(path)) == (404, "not_found")
    assert problem(admin.simulate_put(path, json={"texts": {"en": "{code}"}})) == (422, "invalid_field")


def test_texts_in_many_languages_are_more_than_any_other_body(admin: Caller, shop: Caller) -> None:
    texts = dict.fromkeys(("en", "de", "fr", "es", "it", "nl", "pl", "sv"), "{name}: {code} " + "x" * 100)
    texts |= {f"{tag}-DE": text for tag, text in list(texts.items())}
    assert admin.simulate_put(LOGIN, json={"texts": texts, "alphabet": "gsm7"}).status_code == 200
    assert problem(admin.simulate_put(LOGIN, json={"texts": {"en": "x" * 70_000}}))[0] == 413


def test_an_apps_own_template_goes_before_the_operators_of_the_same_name(
    admin: Caller, shop: Caller, service: Service
) -> None:
    drafts = service.issuer.drafts
    policy = replace(drafts.policy, templates={"login": "Operator: {code}"})
    object.__setattr__(drafts, "policy", policy)
    assert problem(shop.send(user="0", template="order")) == (422, "invalid_field")
    define(admin, text="{name}: {code}")
    assert said(service, shop, user="1", template="login") == "shop: CODE"
    admin.simulate_delete(LOGIN)
    assert shop.send(user="2", template="login").status_code == 202


def test_the_one_that_is_called_default_is_used_where_none_is_named(
    admin: Caller, shop: Caller, service: Service
) -> None:
    define(admin, "default", "{name} says {code}")
    assert said(service, shop, user="1") == "shop says CODE"
    assert said(service, shop, user="2", template="default") == "shop says CODE"


def test_a_resend_says_what_its_verification_was_asked_for_with(
    admin: Caller, shop: Caller, service: Service
) -> None:
    define(admin, text="first {code}")
    sent = shop.send(template="login").json["id"]
    define(admin, text="second {code}")
    service.deliver_queued()
    admin.simulate_delete(LOGIN)
    service.clock.move(31)
    assert shop.simulate_post(f"/v1/verifications/{sent}/resend").status_code == 202
    service.deliver_queued()
    code = service.gateway.codes[0]
    assert [each.text for each in service.gateway.messages] == [f"first {code}"] * 2


def test_the_language_is_that_of_the_request_and_else_the_templates_default(
    admin: Caller, shop: Caller, service: Service
) -> None:
    texts = {"en": "{code} it is", "pl": "To {code}", "de-AT": "Servus {code}"}
    admin.simulate_put(LOGIN, json={"texts": texts, "default_locale": "pl"})
    assert said(service, shop, user="1", template="login", locale="de-AT") == "Servus CODE"
    assert said(service, shop, user="2", template="login", locale="en-US,en") == "CODE it is"
    assert said(service, shop, user="3", template="login", locale="sv", to="+447400123458") == "CODE it is"
    admin.simulate_put(LOGIN, json={"texts": {"pl": "To {code}"}})
    assert said(service, shop, user="4", template="login", locale="sv", to="+447400123459") == "To CODE"


def test_an_older_worker_finds_in_the_row_what_it_knows(
    admin: Caller, shop: Caller, service: Service
) -> None:
    admin.simulate_put(LOGIN, json={"texts": {"de-AT": "Servus {code}"}})
    shop.send(template="login", locale="de-AT")
    with service.db.read() as connection:
        row = connection.execute(select(verifications)).one()
    assert (row.template, row.template_version, row.locale) == ("login", 1, "de-AT")
    # A worker of 0.2.0 writes its own text in this language, for it has no template of that name.
    assert row.language == "de"


def test_the_fields_of_a_template_are_given_by_the_send(
    admin: Caller, shop: Caller, service: Service
) -> None:
    define(admin, text="{code} for {order}", fields={"order": 8})
    assert said(service, shop, user="1", template="login", fields={"order": "A-17"}) == "CODE for A-17"
    for wrong in (None, {}, {"order": "A" * 9}, {"order": "evil.example"}, {"x": "y"}, {"order": "1017"}):
        refused = shop.send(user="2", template="login", fields=wrong)
        assert problem(refused) == (422, "invalid_field"), wrong
        assert [each["field"] for each in refused.json["errors"]] == ["fields"]
    assert problem(shop.send(user="2", fields={"order": "A-17"})) == (422, "invalid_field")


def test_other_values_ask_for_another_code(admin: Caller, shop: Caller, service: Service) -> None:
    define(admin, text="{code} for {order}", fields={"order": 8})
    first, same, other = (
        shop.send(template="login", fields={"order": order}).json["id"] for order in ("A", "A", "B")
    )
    assert first == same != other


def test_the_values_are_forgotten_with_the_number(admin: Caller, shop: Caller, service: Service) -> None:
    define(admin, text="{code} for {order}", fields={"order": 8})
    sent = shop.send(template="login", fields={"order": "A-17"}).json["id"]
    shop.simulate_post(f"/v1/verifications/{sent}/cancel")
    service.clock.move(2 * 3600)
    service.expirer.purge(service.clock())
    with service.db.read() as connection:
        row = connection.execute(select(verifications)).one()
    assert (row.number, row.template_fields) == (None, {})


def test_a_send_names_which_android_app_reads_it(admin: Caller, shop: Caller, service: Service) -> None:
    admin.simulate_patch(SHOP, json={"android_hashes": ["FA+9qCX9VSu", "aaaaaaaaaaa"]})
    assert said(service, shop, user="1").endswith("\nFA+9qCX9VSu")
    assert said(service, shop, user="2", android_hash="aaaaaaaaaaa").endswith("\naaaaaaaaaaa")
    for wrong in ("bbbbbbbbbbb", "short", "FA+9qCX9VS\n"):
        assert problem(shop.send(user="3", android_hash=wrong)) == (422, "invalid_field")


def test_settings_that_leave_a_template_no_room_are_refused(admin: Caller, shop: Caller) -> None:
    define(admin, text="{name}: {code}" + "x" * 120)
    settings = {"web_origin": "https://shop.example", "android_hashes": ["FA+9qCX9VSu"], "code_length": 8}
    refused = admin.simulate_patch(SHOP, json=settings)
    assert problem(refused) == (422, "invalid_field")
    assert {each["field"] for each in refused.json["errors"]} == {"web_origin", "android_hashes"}
    assert "the app's template 'login' has no room" in refused.json["detail"]
    assert admin.simulate_get(SHOP).json["code_length"] is None
    assert admin.simulate_patch(SHOP, json={"code_length": 8}).status_code == 200
