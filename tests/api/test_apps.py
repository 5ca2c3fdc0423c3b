"""What is set for one app alone: by keys with the scope admin, and what it changes for the app."""

from typing import Any

import pytest
from falcon import App

from otp_worker.deliver.text import text_of
from otp_worker.domain.policy import Policy
from otp_worker.protection import api_keys
from otp_worker.store.deliver import claim
from otp_worker.store.schema import apps
from otp_worker.store.templates import TemplateReader
from tests.api.client import Caller, problem
from tests.api.service import Service

# What is set holds within a second, for which a process remembers a key and its app.
pytestmark = pytest.mark.usefixtures("_nothing_is_remembered")

COUNTRIES = frozenset({"GB"})
APPS = "/v1/admin/apps"
SHOP = f"{APPS}/shop"


@pytest.fixture
def _nothing_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_keys, "REMEMBERED_SECONDS", 0.0)


def change(admin: Caller, **settings: object) -> None:
    answer = admin.simulate_patch(SHOP, json=settings)
    assert answer.status_code == 200, answer.text


def test_an_app_is_there_with_its_first_key_and_has_nothing_set(admin: Caller, shop: Caller) -> None:
    listed = {each["name"]: each for each in admin.simulate_get(APPS).json["apps"]}
    assert [*listed] == ["operator", "shop"]
    assert listed["shop"]["keys"] == 1
    assert listed["shop"]["code_length"] is listed["shop"]["shown_name"] is None
    assert admin.simulate_get(SHOP).json == listed["shop"]


def test_an_app_can_be_made_with_its_settings_before_it_has_a_key(admin: Caller, service: Service) -> None:
    made = admin.simulate_post(APPS, json={"name": "bank", "code_length": 8, "channels": ["sms"]})
    assert made.status_code == 201
    assert (made.json["name"], made.json["keys"], made.json["code_length"]) == ("bank", 0, 8)
    service.key("bank")
    assert admin.simulate_get(f"{APPS}/bank").json["keys"] == 1
    again = admin.simulate_post(APPS, json={"name": "bank"})
    assert problem(again) == (422, "invalid_field")
    assert "change that one" in again.json["detail"]


def test_what_is_set_can_be_changed_and_unset_and_the_rest_stays(admin: Caller, shop: Caller) -> None:
    change(admin, code_length=8, shown_name="Shop")
    change(admin, code_length=9)
    assert [admin.simulate_get(SHOP).json[name] for name in ("code_length", "shown_name")] == [9, "Shop"]
    change(admin, code_length=None)
    assert [admin.simulate_get(SHOP).json[name] for name in ("code_length", "shown_name")] == [None, "Shop"]


def test_what_cannot_be_is_named_and_nothing_is_set(admin: Caller, shop: Caller) -> None:
    refused = admin.simulate_patch(SHOP, json={"code_length": 99, "shown_name": "Shop", "web_origin": "x"})
    assert problem(refused) == (422, "invalid_field")
    assert [each["field"] for each in refused.json["errors"]] == ["code_length", "web_origin"]
    assert admin.simulate_get(SHOP).json["shown_name"] is None


@pytest.mark.parametrize("name", ["nobody", "%00", "a%0Ab", "shop%2F"])
def test_an_app_that_is_none_is_not_found(admin: Caller, name: str) -> None:
    assert problem(admin.simulate_get(f"{APPS}/{name}")) == (404, "not_found")
    assert problem(admin.simulate_patch(f"{APPS}/{name}", json={"code_length": 8})) == (404, "not_found")


def test_an_app_key_sets_nothing(shop: Caller) -> None:
    assert problem(shop.simulate_get(APPS)) == (403, "scope_missing")
    assert problem(shop.simulate_patch(SHOP, json={"code_length": 4})) == (403, "scope_missing")


def test_length_life_and_language_are_the_apps_from_the_next_request_on(
    admin: Caller, shop: Caller, bank: Caller, service: Service
) -> None:
    change(admin, code_length=8, ttl_seconds=120, default_locale="de-AT")
    shop.sent(user="1")
    shop.sent(user="2", code_length=5, locale="en", ttl_seconds=60)
    bank.sent()
    service.deliver_queued()
    assert [len(code) for code in service.gateway.codes] == [8, 5, 6]
    texts = [message.text for message in service.gateway.messages]
    assert [text.split()[0] for text in texts] == ["Ihr", "Your", "Your"]
    assert [round(message.life_seconds) for message in service.gateway.messages] == [120, 60, 300]


def test_a_test_key_has_its_apps_settings(admin: Caller, rehearsing: Caller, service: Service) -> None:
    change(admin, code_length=8)
    sent = rehearsing.sent()
    service.deliver_queued()
    assert rehearsing.check(sent, "12345678").json["valid"]


def test_a_channel_that_is_not_the_apps_is_refused(admin: Caller, shop: Caller) -> None:
    change(admin, channels=["inbound"])
    refused = shop.send()
    assert problem(refused) == (422, "invalid_field")
    assert refused.json["errors"] == [{"field": "channel", "detail": "this app may ask for inbound alone"}]
    change(admin, channels=None)
    assert shop.send().status_code == 202


def test_the_limit_of_an_app_holds_unless_its_key_has_one(
    admin: Caller, shop: Caller, app: "App[Any, Any]", service: Service
) -> None:
    change(admin, limit="1/h", checks_limit="1/m")
    sent = shop.sent(user="1")
    assert problem(shop.send(user="2")) == (429, "limit_reached")
    assert shop.check(sent, "000000").status_code == 200
    assert problem(shop.check(sent, "000000")) == (429, "limit_reached")
    roomy = Caller(app, service.key("shop", limit="5/h", checks_limit=""))
    assert roomy.send(user="3").status_code == 202
    assert roomy.check(sent, "000000").status_code == 200


def test_a_limit_longer_than_sends_are_kept_is_refused(admin: Caller, shop: Caller) -> None:
    refused = admin.simulate_patch(SHOP, json={"limit": "5/31d"})
    assert "longer than OTP_RETENTION_DAYS" in refused.json["errors"][0]["detail"]


def test_a_key_that_an_older_version_made_gets_its_app_by_name(
    admin: Caller, shop: Caller, service: Service
) -> None:
    # An older web writes the key and knows of no apps.
    with service.db.write() as connection:
        connection.execute(apps.delete())
    assert shop.send().status_code == 202
    change(admin, code_length=8)
    assert shop.send(user="2").status_code == 202
    service.deliver_queued()
    assert [len(code) for code in service.gateway.codes] == [6, 8]
    assert {each["name"] for each in admin.simulate_get(APPS).json["apps"]} == {"operator", "shop"}


def test_a_key_of_a_name_is_no_second_app(admin: Caller, shop: Caller, service: Service) -> None:
    with service.db.write() as connection:
        connection.execute(apps.delete())
    assert problem(admin.simulate_post(APPS, json={"name": "shop"})) == (422, "invalid_field")


def test_a_worker_writes_what_the_app_has_set(
    admin: Caller, shop: Caller, rehearsing: Caller, service: Service
) -> None:
    change(admin, shown_name="Corner Shop", web_origin="https://shop.example", android_hashes=["FA+9qCX9VSu"])
    for caller in (shop, rehearsing):
        caller.sent()
        (delivery_id,) = service.queue
        service.queue.clear()
        job = claim(service.db, delivery_id, service.clock(), 30)
        assert job is not None
        assert text_of(Policy(COUNTRIES), TemplateReader(service.db), job, "123456", 300).split("\n") == [
            "Corner Shop: Your code is 123456 (valid 5 minutes).",
            "FA+9qCX9VSu",
            "@shop.example #123456",
        ]
