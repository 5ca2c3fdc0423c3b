"""Buckets of an app's own: a send counts for the values that it names, and a refusal names the bucket."""

from typing import Any

import pytest
from falcon import App

from otp_worker.protection import api_keys
from otp_worker.store import apps
from otp_worker.store.schema import verification_buckets
from tests.api.client import Caller, problem
from tests.api.service import Service
from tests.contract.service import NUMBER


@pytest.fixture(autouse=True)
def _device_bucket(service: Service, shop: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_keys, "REMEMBERED_SECONDS", 0.0)
    buckets = {"device": "2/h,3/d", "session": "1/10m"}
    apps.change_settings(service.db, "shop", {"buckets": buckets}, service.clock())


def test_a_bucket_that_is_full_is_named_with_when_it_has_room(shop: Caller, service: Service) -> None:
    for user in "12":
        assert shop.send(user=user, limits={"device": "abc"}).status_code == 202
    refused = shop.send(user="3", limits={"device": "abc"})
    assert problem(refused) == (429, "limit_reached")
    assert (refused.json["limit"], refused.json["bucket"]) == ("bucket", "device")
    assert "the limit bucket device is reached, 2 in 3600 s" in refused.json["detail"].lower()
    assert refused.headers["Retry-After"] == "3600"
    assert shop.send(user="3", limits={"device": "another"}).status_code == 202
    assert shop.send(user="4").status_code == 202
    service.clock.move(3600)
    assert shop.send(user="5", limits={"device": "abc"}).status_code == 202
    assert shop.send(user="6", limits={"device": "abc"}).json["bucket"] == "device"


def test_what_one_bucket_refuses_counts_in_no_other(shop: Caller) -> None:
    both = {"device": "abc", "session": "s1"}
    assert shop.send(user="1", limits=both).status_code == 202
    assert shop.send(user="2", limits=both).json["bucket"] == "session"
    assert shop.send(user="3", limits={"device": "abc"}).status_code == 202
    assert shop.send(user="4", limits={"device": "abc"}).json["bucket"] == "device"


def test_what_is_left_in_each_window_comes_back(shop: Caller) -> None:
    left = shop.send(limits={"device": "abc"}).json["limits"]
    assert [(each["bucket"], each["window_seconds"], each["left"]) for each in left if each["bucket"]] == [
        ("device", 3600, 1),
        ("device", 86_400, 2),
    ]


def test_a_resend_counts_where_the_first_one_did(shop: Caller, service: Service) -> None:
    sent = shop.sent(limits={"session": "s1"})
    service.deliver_queued()
    service.clock.move(31)
    refused = shop.resend(sent)
    assert (problem(refused), refused.json["bucket"]) == ((429, "limit_reached"), "session")


def test_a_bucket_of_one_app_is_not_anothers(shop: Caller, bank: Caller, service: Service) -> None:
    apps.change_settings(service.db, "bank", {"buckets": {"device": "1/h"}}, service.clock())
    for user in "12":
        shop.sent(user=user, limits={"device": "abc"})
    assert bank.send(limits={"device": "abc"}).status_code == 202


def test_a_bucket_that_is_not_defined_is_refused_with_those_that_are(shop: Caller, bank: Caller) -> None:
    refused = shop.send(limits={"ip": "203.0.113.7"})
    assert refused.json["errors"] == [
        {"field": "limits", "detail": "this app has no such bucket; it has device, session"}
    ]
    assert "it has none" in bank.send(limits={"device": "abc"}).json["errors"][0]["detail"]


@pytest.mark.parametrize(
    "limits",
    [
        [],
        {"device": ""},
        {"device": 1},
        {"A B": "x"},
        {"device": "x" * 257},
        {"device": "a\u0000b"},
        {f"b{n}": "x" for n in range(11)},
    ],
)
def test_what_cannot_be_a_value_is_named(shop: Caller, limits: Any) -> None:
    refused = shop.send(limits=limits)
    assert problem(refused) == (422, "invalid_field")
    assert [each["field"] for each in refused.json["errors"]] == ["limits"]


def test_a_rehearsal_counts_in_its_own(shop: Caller, rehearsing: Caller) -> None:
    for user in "12":
        rehearsing.sent(user=user, limits={"device": "abc"})
    assert rehearsing.send(user="3", limits={"device": "abc"}).json["bucket"] == "device"
    assert shop.send(limits={"device": "abc"}).status_code == 202


def test_a_bucket_that_was_taken_away_refuses_nobody(
    shop: Caller, service: Service, app: "App[Any, Any]"
) -> None:
    sent = shop.sent(limits={"session": "s1"})
    service.deliver_queued()
    apps.change_settings(service.db, "shop", {"buckets": None}, service.clock())
    service.clock.move(31)
    assert shop.resend(sent).status_code == 202


def test_of_a_value_only_a_keyed_hash_is_kept_and_none_when_its_person_is_erased(
    shop: Caller, admin: Caller, service: Service
) -> None:
    shop.sent(limits={"device": "a-device-of-alice"})
    assert b"a-device-of-alice" not in service.db_bytes()
    admin.simulate_post("/v1/admin/numbers/forget", json={"to": NUMBER})
    assert service.count(verification_buckets.name) == 0
