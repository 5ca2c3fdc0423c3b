"""Bodies that no hook can read, or that ask for what cannot be sent."""

import json
from typing import Any

import pytest

from tests.api.client import Caller, problem
from tests.api.hooks.conftest import Configure
from tests.api.service import Service
from tests.api.test_bad_bodies import NOT_JSON

SECRET = "a-secret-of-the-tests-0123456789"
SIGNED = {"Authorization": f"Bearer {SECRET}"}
HOOK = f"""
[hooks.odd]
auth = "bearer"
secrets = "{SECRET}"
number = "who.number"
text = "what"
"""


@pytest.fixture(autouse=True)
def configured(configure: Configure) -> None:
    configure(HOOK)


def test_what_is_no_json_object_is_refused(system: Caller, service: Service) -> None:
    for body in NOT_JSON.values():
        answer = system.simulate_post("/v1/hooks/odd", body=body, headers=SIGNED)
        assert problem(answer) in ((400, "invalid_json"), (422, "invalid_field"))
    assert service.count("verifications") == 0


@pytest.mark.parametrize("body", [b"a=1&a=2", b"a=%ff", b"&".join([b"a=1"] * 101), b"\xff=1", b"a=1"])
def test_what_is_no_form_is_refused(system: Caller, body: bytes) -> None:
    headers = {**SIGNED, "Content-Type": "application/x-www-form-urlencoded"}
    answer = system.simulate_post("/v1/hooks/odd", body=body, headers=headers)
    assert problem(answer) in ((400, "invalid_json"), (422, "invalid_field"))


def test_what_is_too_large_is_not_even_read(system: Caller) -> None:
    for body in (b" " * (64 * 1024 + 1), b"[" * 100_000):
        answer = system.simulate_post("/v1/hooks/odd", body=body, headers=SIGNED)
        assert problem(answer) == (413, "body_too_large")


WRONG: list[tuple[object, object, str]] = [
    (None, "text", "to"),
    (447400123456, "text", "to"),
    ([], "text", "to"),
    ("", "text", "to"),
    ("+" * 65, "text", "to"),
    ("+4474\x0000123456", "text", "to"),
    ("+447400123456,+447400123457", "text", "to"),
    ("+447400123456", None, "text"),
    ("+447400123456", 123456, "text"),
    ("+447400123456", {"a": 1}, "text"),
    ("+447400123456", " \n", "text"),
    ("+447400123456", "a\x00b", "text"),
    ("+447400123456", "x" * 1601, "text"),
    ("+447400123456", "half \ud83d", "text"),
]


@pytest.mark.parametrize(("number", "text", "field"), WRONG, ids=lambda value: ascii(value)[:30])
def test_what_cannot_be_sent_is_named(
    system: Caller, service: Service, number: object, text: object, field: str
) -> None:
    raw = json.dumps({"who": {"number": number}, "what": text}).encode()
    answer = system.simulate_post("/v1/hooks/odd", body=raw, headers=SIGNED)
    assert problem(answer) == (422, "invalid_field")
    assert [each["field"] for each in answer.json["errors"]] == [field]
    assert service.count("verifications") == 0


@pytest.mark.parametrize("who", [None, [], "x", 7, {"Number": "+447400123456"}])
def test_a_number_that_stands_elsewhere_is_not_looked_for(system: Caller, who: Any) -> None:
    answer = system.simulate_post("/v1/hooks/odd", json={"who": who, "what": "text"}, headers=SIGNED)
    assert problem(answer) == (422, "invalid_field")
    assert "who.number" in answer.json["detail"]


def test_a_number_never_comes_in_a_url(system: Caller, service: Service) -> None:
    answer = system.simulate_get("/v1/hooks/odd?who.number=+447400123456&what=text")
    assert problem(answer) == (401, "unauthenticated")
    assert service.count("verifications") == 0
