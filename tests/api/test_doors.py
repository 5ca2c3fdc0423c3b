"""Who is let in, and what is at no door."""

from collections.abc import Callable
from typing import Any

import pytest
from falcon import App
from falcon.testing import Result
from sqlalchemy import event

from api.app import create_app
from otp_worker.domain.app import KeyScope
from otp_worker.protection.api_keys import ApiKeys
from tests.api.client import Caller, problem
from tests.api.service import OUR_SIMS, Service
from tests.contract.service import NUMBER

SEND = "/v1/verifications"
ONE = f"{SEND}/ver_{'0' * 26}"
OPERATIONS = [
    ("POST", SEND),
    ("POST", f"{SEND}/check"),
    ("GET", ONE),
    ("POST", f"{ONE}/check"),
    ("POST", f"{ONE}/resend"),
    ("POST", f"{ONE}/cancel"),
]
HEADERS = {
    "none": None,
    "empty": "",
    "no key": "Bearer",
    "a blank": "Bearer ",
    "another scheme": "Basic dXNlcjpwYXNz",
    "a word": "Bearer secret",
    "a stranger's": "Bearer sk_live_abcdefghijklmnopqrstuvwxyz0123456789abcd",
    "a wrong checksum": "Bearer otp_live_" + "a" * 38,
    "NUL": "Bearer otp_live_" + "\x00" * 38,
    "another alphabet": "Bearer otp_live_" + "\u00e9" * 38,
}


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_without_a_good_key_every_door_is_shut(
    stranger: Caller, method: str, path: str, header: str | None
) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = stranger.simulate_request(method, path, headers=headers, body=b"not even JSON")
    assert problem(answer) == (401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_key_cut_short_is_told_apart_without_asking_the_database(shop: Caller) -> None:
    assert shop.key is not None
    for wrong in (shop.key[:-1], shop.key + "a", shop.key.swapcase(), shop.key.replace("live", "test")):
        answer = Caller(shop.app, wrong).send()
        assert problem(answer) == (401, "unauthenticated")
        assert "copied whole" in answer.json["detail"]


def test_a_key_of_another_service_is_unknown(service: Service, shop: Caller) -> None:
    foreign = service.key("shop")
    service.revoke_every_key()
    answer = Caller(shop.app, foreign).send()
    assert problem(answer) == (401, "unauthenticated")
    assert "unknown or revoked" in answer.json["detail"]


def test_a_revoked_key_is_shut_out_at_once(shop: Caller, service: Service) -> None:
    verification_id = shop.sent()
    service.revoke_every_key()
    assert problem(shop.send()) == (401, "unauthenticated")
    assert problem(shop.read(verification_id)) == (401, "unauthenticated")


def test_two_keys_of_one_name_are_one_app(shop: Caller, service: Service) -> None:
    verification_id = shop.sent()
    assert Caller(shop.app, service.key("shop")).read(verification_id).status_code == 200


@pytest.mark.parametrize("scheme", ["bearer", "BEARER"])
def test_the_scheme_is_read_in_any_case(shop: Caller, stranger: Caller, scheme: str) -> None:
    answer = stranger.simulate_post(
        SEND, json={"to": "+447400123456"}, headers={"Authorization": f"{scheme} {shop.key}"}
    )
    assert answer.status_code == 202


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        *[(method, SEND, "GET, HEAD, POST") for method in ("PUT", "PATCH", "DELETE", "TRACE")],
        ("GET", f"{SEND}/check", "POST"),
        ("DELETE", ONE, "GET, HEAD"),
        ("POST", ONE, "GET, HEAD"),
        ("GET", f"{ONE}/check", "POST"),
        ("GET", f"{ONE}/resend", "POST"),
        ("DELETE", f"{ONE}/cancel", "POST"),
        ("POST", "/healthz", "GET, HEAD"),
        ("POST", "/readyz", "GET, HEAD"),
        ("POST", "/metrics", "GET, HEAD"),
        ("POST", "/openapi.json", "GET, HEAD"),
        ("POST", "/docs", "GET, HEAD"),
        ("PUT", "/v1/callbacks/any/token", "GET, POST"),
        # A HEAD changes nothing, and a GET of a callback does.
        ("HEAD", "/v1/callbacks/any/token", "GET, POST"),
    ],
)
def test_a_wrong_method_is_told_the_right_one(shop: Caller, method: str, path: str, allowed: str) -> None:
    answer = shop.simulate_request(method, path)
    assert answer.status_code == 405
    assert method == "HEAD" or problem(answer) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == f"{allowed}, OPTIONS"


@pytest.mark.parametrize(
    "path", ["/healthz", "/readyz", "/metrics", "/openapi.json", "/", "/docs", ONE, "/v1/admin/pauses"]
)
def test_head_is_answered_as_get_without_the_body(shop: Caller, path: str) -> None:
    got, asked = shop.simulate_get(path), shop.simulate_head(path)
    assert asked.status_code == got.status_code
    assert asked.content == b""
    unlike = {"x-request-id", "content-length"}
    assert {k: v for k, v in asked.headers.items() if k not in unlike} == {
        k: v for k, v in got.headers.items() if k not in unlike
    }


@pytest.mark.parametrize("path", ["/healthz", "/docs", SEND, f"{SEND}/check", "/v1/admin/pauses"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
@pytest.mark.parametrize("slashes", ["/", "//"])
def test_a_slash_too_many_is_no_path_and_the_right_one_is_named(
    shop: Caller, method: str, path: str, slashes: str
) -> None:
    answer = shop.simulate_request(method, path + slashes)
    assert problem(answer) == (404, "not_found")
    assert (
        answer.json["detail"] == f"There is nothing at this path; without the slash at its end it is {path}."
    )


@pytest.mark.parametrize(
    "path", [f"{ONE}/", f"{SEND}/+447400123456/", "/v1/callbacks/any/token123/", f"{ONE}/check/"]
)
def test_a_path_that_can_hold_an_id_or_a_number_is_not_repeated(shop: Caller, path: str) -> None:
    answer = shop.simulate_post(path)
    assert problem(answer) == (404, "not_found")
    assert answer.json["detail"] == "There is nothing at this path; leave away the slash at its end."


@pytest.mark.parametrize(
    "path",
    ["/v1", "/v2/verifications", f"{SEND}/check/", f"{ONE}/approve", "/docs/", "/healthz/", "/.env"],
)
def test_nothing_is_at_any_other_path(shop: Caller, stranger: Caller, path: str) -> None:
    for caller in (shop, stranger):
        assert problem(caller.simulate_get(path)) == (404, "not_found")


@pytest.mark.parametrize(
    "odd", ["%00", "ver_%00", "ver_" + "0" * 25, "ver_" + "0" * 27, "%ff%fe", "+447400123456"]
)
def test_an_id_that_cannot_be_one_is_not_looked_for(shop: Caller, service: Service, odd: str) -> None:
    asked: list[object] = []
    event.listen(service.db.engine, "before_cursor_execute", lambda *given: asked.append(given[3]))
    for answer in (shop.read(odd), shop.check(odd, "123456"), shop.resend(odd), shop.cancel(odd)):
        assert problem(answer) == (404, "not_found")
        assert answer.json["detail"] == "There is no such verification."
    # Each time for the key alone: Postgres would refuse NUL with an error of its own.
    assert len(asked) == 4


def test_an_unknown_id_is_not_found(shop: Caller) -> None:
    unknown = "ver_" + "0" * 26
    for answer in (
        shop.read(unknown),
        shop.check(unknown, "123456"),
        shop.resend(unknown),
        shop.cancel(unknown),
    ):
        assert problem(answer) == (404, "not_found")


def test_a_second_app_can_be_made_of_the_same_parts(service: Service) -> None:
    first, second = create_app(service.intake()), create_app(service.intake())
    key = service.key("shop")
    assert Caller(second, key).read(Caller(first, key).sent()).status_code == 200


def test_a_key_does_what_its_scopes_say_and_nothing_else(
    app: "App[Any, Any]", service: Service, sent: str
) -> None:
    doors: dict[KeyScope, list[Callable[[Caller], Result]]] = {
        KeyScope.SEND: [
            lambda caller: caller.send("+447400654321"),
            lambda caller: caller.resend(sent),
            lambda caller: caller.cancel(sent),
        ],
        KeyScope.CHECK: [
            lambda caller: caller.check(sent, "0000000000"),
            lambda caller: caller.check_number(NUMBER, "0000000000"),
        ],
        KeyScope.READ: [lambda caller: caller.read(sent)],
        KeyScope.ADMIN: [
            lambda caller: caller.simulate_get("/v1/admin/pauses"),
            lambda caller: caller.simulate_post("/v1/admin/pauses/exempt", json={"target": "GB"}),
            lambda caller: caller.simulate_post("/v1/admin/numbers/unlock", json={"to": NUMBER}),
            lambda caller: caller.simulate_post("/v1/admin/numbers/forget", json={"to": "+447400999999"}),
        ],
    }
    for scope in KeyScope:
        key = ApiKeys(service.db).create("shop", service.clock(), scopes=frozenset({scope}))
        for needed, calls in doors.items():
            for call in calls:
                answer = call(Caller(app, key))
                refused = answer.status_code == 403 and problem(answer)[1] == "scope_missing"
                assert refused == (needed is not scope), (scope, needed, answer.text)


@pytest.mark.parametrize(
    "fields",
    [{}, {"new": True}, {"to": "+447400999999"}, {"channel": "inbound"}],
    ids=["repeated", "new", "to another number", "reverse"],
)
def test_a_revoked_key_that_was_in_use_a_moment_ago_sends_nothing(
    service: Service, fields: dict[str, object]
) -> None:
    service.inbound_sims = OUR_SIMS
    busy = Caller(create_app(service.intake()), service.key("shop"))
    busy.sent()
    rows = service.count("verifications"), service.count("deliveries")
    service.revoke_every_key()
    answer = busy.simulate_post(SEND, json={"to": NUMBER, **fields})
    assert problem(answer) == (401, "unauthenticated")
    assert "unknown or revoked" in answer.json["detail"]
    assert (service.count("verifications"), service.count("deliveries")) == rows


def test_a_revoked_key_is_told_no_answer_that_was_kept(shop: Caller, service: Service) -> None:
    once = {"Idempotency-Key": "order-7"}
    assert shop.simulate_post(SEND, json={"to": NUMBER}, headers=once).status_code == 202
    shop.sent("+447400999999")
    service.revoke_every_key()
    assert problem(shop.simulate_post(SEND, json={"to": NUMBER}, headers=once)) == (401, "unauthenticated")


def test_a_revoked_key_that_was_in_use_a_moment_ago_checks_nothing(service: Service, shop: Caller) -> None:
    sent = shop.sent()
    service.deliver_queued()
    code = service.gateway.codes[0]
    assert problem(shop.check(f"ver_{'0' * 26}", code)) == (404, "not_found")
    service.revoke_every_key()
    assert problem(shop.check(sent, code)) == (401, "unauthenticated")
    assert problem(shop.check_number(NUMBER, code)) == (401, "unauthenticated")
    assert service.verifier.check(sent, code, "shop").valid
