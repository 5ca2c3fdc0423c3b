"""Bodies that cannot be read."""

import json
from typing import Any

import pytest
from falcon import testing
from falcon.testing import Result

from tests.api.client import Caller, problem
from tests.contract.service import NUMBER

SEND = "/v1/verifications"
ENDPOINTS = [SEND, f"{SEND}/check", f"{SEND}/ver_{'0' * 26}/check"]

NOT_JSON = {
    "nothing": b"",
    "blanks": b" \n",
    "words": b"to=447400123456",
    "half an object": b'{"to": "+44740',
    "two objects": b"{}{}",
    "a byte order mark": b"\xef\xbb\xbf{}",
    "bad UTF-8": b'{"to": "\xff"}',
    "UTF-16": '{"to": "x"}'.encode("utf-16"),
    "a list": b"[]",
    "a string": b'"+447400123456"',
    "null": b"null",
    "NaN": b'{"ttl_seconds": NaN}',
    "Infinity": b'{"ttl_seconds": Infinity}',
    "minus Infinity": b'{"ttl_seconds": -Infinity}',
    "a field twice": b'{"to": "+447400123456", "to": "+447400123457"}',
    "a field twice, further in": b'{"to": {"a": 1, "a": 2}}',
    "lists, as deep as fits": b"[" * 4096,
    "lists, as deep as fits, closed": b'{"to":' + b"[" * 2000 + b"]" * 2000 + b"}",
    "objects, as deep as fits": b'{"a":' * 800,
}
TOO_LARGE = {
    "over 4 KB": b'{"to": "' + b" " * 4096 + b'"}',
    "one byte over 4 KB": b" " * 4097,
    "100,000 deep": b"[" * 100_000,
    "a 5,000-digit integer": b'{"ttl_seconds": ' + b"9" * 5000 + b"}",
}


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize("body", NOT_JSON.values(), ids=NOT_JSON)
def test_what_is_no_json_object_is_refused(shop: Caller, endpoint: str, body: bytes) -> None:
    assert problem(shop.simulate_post(endpoint, body=body)) == (400, "invalid_json")


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/x-www-form-urlencoded", b"to=%2B447400123456"),
        ("Application/X-WWW-Form-URLencoded; charset=UTF-8", b"to=%2B447400123456"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="to"\r\n\r\n1\r\n--x--',
        ),
    ],
)
def test_a_form_is_told_to_be_sent_as_json(shop: Caller, endpoint: str, kind: str, body: bytes) -> None:
    answer = shop.simulate_post(endpoint, body=body, headers={"Content-Type": kind})
    assert problem(answer) == (400, "invalid_json")
    assert "is a form; send a JSON object with Content-Type: application/json" in answer.json["detail"]


def test_json_counts_whatever_type_it_is_called(shop: Caller) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    body = json.dumps({"to": NUMBER}).encode()
    assert shop.simulate_post(SEND, body=body, headers=headers).status_code == 202


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize("body", TOO_LARGE.values(), ids=TOO_LARGE)
def test_what_is_too_large_is_not_even_read(shop: Caller, endpoint: str, body: bytes) -> None:
    assert problem(shop.simulate_post(endpoint, body=body)) == (413, "body_too_large")


def test_four_kilobytes_are_not_too_large(shop: Caller) -> None:
    body = json.dumps({"to": NUMBER}).encode()
    assert shop.simulate_post(SEND, body=body + b" " * (4096 - len(body))).status_code == 202


def test_a_body_of_unsaid_length_is_too_large(shop: Caller) -> None:
    environ = testing.create_environ(
        path=SEND, method="POST", body=b'{"to": "+447400123456"}', headers=key(shop)
    )
    del environ["CONTENT_LENGTH"]
    environ["HTTP_TRANSFER_ENCODING"] = "chunked"
    assert problem(call(shop, environ)) == (413, "body_too_large")


@pytest.mark.parametrize("length", ["abc", "-1"])
def test_a_length_that_is_no_length_is_refused(shop: Caller, length: str) -> None:
    environ = testing.create_environ(path=SEND, method="POST", body=b"{}", headers=key(shop))
    environ["CONTENT_LENGTH"] = length
    assert problem(call(shop, environ)) == (400, "bad_request")


def test_a_body_that_ends_early_is_no_json(shop: Caller) -> None:
    environ = testing.create_environ(path=SEND, method="POST", body=b'{"to": "+44', headers=key(shop))
    environ["CONTENT_LENGTH"] = "500"
    assert problem(call(shop, environ)) == (400, "invalid_json")


def key(caller: Caller) -> dict[str, str]:
    """The header that a caller authenticates with."""
    return {"Authorization": f"Bearer {caller.key}"}


def call(caller: Caller, environ: dict[str, Any]) -> Result:
    """The answer to a hand-made WSGI environment."""
    started = testing.StartResponseMock()
    return Result(caller.app(environ, started), started.status or "", started.headers or [])
