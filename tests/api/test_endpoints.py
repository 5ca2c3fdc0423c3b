"""``/v1/webhook-endpoints``: where an app is told of events, made and watched by the app itself."""

from typing import Any

import pytest

from otp_worker.domain.app import KeyScope
from otp_worker.protection.api_keys import ApiKeys
from tests.api.client import Caller, problem
from tests.api.service import Service
from tests.contract.operations.events import URL, Events, answered

ALL = "/v1/webhook-endpoints"


@pytest.fixture
def events(service: Service) -> Events:
    return Events(service)


def caller(service: Service, shop: Caller, name: str = "shop", *, test: bool = False) -> Caller:
    """Somebody who calls with a key of that app, for events."""
    scopes = frozenset({KeyScope.WEBHOOK, KeyScope.SEND})
    return Caller(shop.app, ApiKeys(service.db).create(name, service.clock(), test=test, scopes=scopes))


@pytest.fixture
def hooks(service: Service, shop: Caller) -> Caller:
    return caller(service, shop)


def made(hooks: Caller, **body: Any) -> Any:
    answer = hooks.simulate_post(ALL, json={"url": URL, **body})
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"] == f"{ALL}/{answer.json['id']}"
    return answer.json


def test_an_endpoint_is_made_read_changed_and_removed(hooks: Caller) -> None:
    endpoint = made(hooks, events=["verification.failed", "verification.approved"])
    assert endpoint["events"] == ["verification.approved", "verification.failed"]
    secret = endpoint.pop("secret")
    path = f"{ALL}/{endpoint['id']}"
    assert secret.startswith("whsec_")
    assert hooks.simulate_get(path).json == endpoint
    assert hooks.simulate_get(ALL).json == {"endpoints": [endpoint]}
    changed = hooks.simulate_patch(path, json={"events": None, "clear_numbers": True})
    assert (changed.json["events"], changed.json["clear_numbers"], changed.json["url"]) == (None, True, URL)
    disabled = hooks.simulate_patch(path, json={"disabled": True}).json
    assert disabled["disabled_reason"] == "it was disabled by hand"
    assert hooks.simulate_patch(path, json={"disabled": False}).json["disabled_at"] is None
    rotated = hooks.simulate_post(f"{path}/rotate", json={"overlap_seconds": 60}).json
    assert rotated["secret"] != secret
    assert rotated["previous_secret_until"] is not None
    assert hooks.simulate_delete(path).status_code == 200
    for gone in (hooks.simulate_get(path), hooks.simulate_delete(path)):
        assert problem(gone) == (404, "not_found")


def test_what_was_told_is_seen_sent_again_and_told_anew(
    service: Service, hooks: Caller, events: Events
) -> None:
    path = f"{ALL}/{made(hooks)['id']}"
    sent = hooks.send()
    test = hooks.simulate_post(f"{path}/test")
    assert (test.status_code, test.json["type"], test.json["state"]) == (202, "endpoint.test", "waiting")
    events.app.answers[URL] = answered(503)
    events.work()
    found = hooks.simulate_get(f"{path}/events").json
    assert {each["type"] for each in found["events"]} == {"endpoint.test", "verification.created"}
    assert {each["verification_id"] for each in found["events"]} == {None, sent.json["id"]}
    assert sorted(str(each["answer"]) for each in found["events"]) == ["503", "None"]
    page = hooks.simulate_get(f"{path}/events", params={"limit": "1"}).json
    rest = hooks.simulate_get(f"{path}/events", params={"cursor": page["next_cursor"]}).json
    assert page["events"] + rest["events"] == found["events"]
    assert rest["next_cursor"] is None
    del events.app.answers[URL]
    for each in found["events"]:
        again = hooks.simulate_post(f"{path}/events/{each['id']}/send")
        assert (again.status_code, again.json["id"]) == (202, each["id"])
        assert again.headers["Location"] == f"{path}/events/{each['id']}"
    events.work()
    assert hooks.simulate_get(f"{path}/events", params={"state": "waiting"}).json["events"] == []
    taken = hooks.simulate_get(f"{path}/events", params={"state": "taken"}).json["events"]
    assert {each["id"] for each in taken} == {each["id"] for each in found["events"]}
    replayed = hooks.simulate_post(f"{path}/replay", json={"since": "2026-03-01T12:00:00Z"})
    assert (replayed.status_code, replayed.json["replay_since"]) == (202, "2026-03-01T12:00:00Z")


def test_an_app_sees_no_other_apps_endpoints_and_no_test_key_the_live_ones(
    service: Service, shop: Caller, hooks: Caller
) -> None:
    path = f"{ALL}/{made(hooks)['id']}"
    for stranger in (caller(service, shop, "bank"), caller(service, shop, test=True)):
        assert stranger.simulate_get(ALL).json == {"endpoints": []}
        for refused in (
            stranger.simulate_get(path),
            stranger.simulate_patch(path, json={"disabled": True}),
            stranger.simulate_delete(path),
            stranger.simulate_post(f"{path}/rotate", json={}),
            stranger.simulate_post(f"{path}/test"),
            stranger.simulate_get(f"{path}/events"),
            stranger.simulate_post(f"{path}/replay", json={"since": "2026-03-01T12:00:00Z"}),
        ):
            assert problem(refused) == (404, "not_found")


def test_a_key_for_codes_alone_says_nothing_of_events(shop: Caller) -> None:
    assert problem(shop.simulate_get(ALL)) == (403, "scope_missing")
    assert problem(shop.simulate_post(ALL, json={"url": URL})) == (403, "scope_missing")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"url": 7},
        {"url": ""},
        {"url": "http://shop.example/"},
        {"url": "https://user:password@shop.example/"},
        {"url": "https://127.0.0.1/"},
        {"url": "https://[::ffff:10.0.0.1]/"},
        {"url": "https://localhost/"},
        {"url": "https://169.254.169.254/latest"},
        {"url": "https://shop.example/\x00"},
        {"url": f"https://shop.example/{'x' * 512}"},
        {"url": URL, "events": []},
        {"url": URL, "events": "verification.sent"},
        {"url": URL, "events": ["verification.nothing"]},
        {"url": URL, "events": ["endpoint.test"]},
        {"url": URL, "events": [["verification.sent"]]},
        {"url": URL, "clear_numbers": "yes"},
        {"url": URL, "secret": "whsec_mine"},
    ],
    ids=str,
)
def test_a_body_that_is_no_endpoint_is_refused(hooks: Caller, body: dict[str, Any]) -> None:
    assert problem(hooks.simulate_post(ALL, json=body)) == (422, "invalid_field")
    assert hooks.simulate_get(ALL).json == {"endpoints": []}


@pytest.mark.parametrize(
    ("call", "body"),
    [
        ("rotate", {"overlap_seconds": -1}),
        ("rotate", {"overlap_seconds": 10**30}),
        ("replay", {}),
        ("replay", {"since": "yesterday"}),
        ("replay", {"since": 1}),
    ],
)
def test_a_body_that_cannot_be_is_refused(hooks: Caller, call: str, body: dict[str, Any]) -> None:
    path = f"{ALL}/{made(hooks)['id']}"
    assert problem(hooks.simulate_post(f"{path}/{call}", json=body)) == (422, "invalid_field")


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "state=lost", "cursor=evt_1", "cursor=%00", "x=1"])
def test_a_list_that_cannot_be_is_refused(hooks: Caller, query: str) -> None:
    path = f"{ALL}/{made(hooks)['id']}/events"
    assert problem(hooks.simulate_get(path, query_string=query)) == (422, "invalid_field")


@pytest.mark.parametrize("since", ["0001-01-01T00:00:00Z", "1000-01-01T00:00:00Z", "2999-12-31T23:59:59Z"])
def test_a_replay_since_any_instant_is_one(hooks: Caller, events: Events, since: str) -> None:
    path = f"{ALL}/{made(hooks)['id']}"
    answer = hooks.simulate_post(f"{path}/replay", json={"since": since})
    assert answer.status_code in (202, 422)
    events.work()


@pytest.mark.parametrize("endpoint", ["ep_1", "%00", "ep_" + "0" * 26, "x" * 300])
def test_an_endpoint_that_there_is_not_is_a_404(hooks: Caller, endpoint: str) -> None:
    assert problem(hooks.simulate_get(f"{ALL}/{endpoint}")) == (404, "not_found")
    assert problem(hooks.simulate_post(f"{ALL}/{endpoint}/events/evt_1/send")) == (404, "not_found")
