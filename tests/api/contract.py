"""What holds for every answer: it is documented, careful with browsers, and repeats nothing secret."""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from functools import cache
from typing import Any

from falcon.testing import Result

from api.reference.openapi import openapi_document

HEADERS = {
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
HOOKS = "/v1/hooks/"
"""Who posts there may take errors as plain text."""
ANYWHERE = {"405", "500"}
"""Problems that any operation can answer, and none documents."""


def check_answer(method: str, path: str, answer: Result, sent: Any, key: str | None) -> None:
    """Fail unless the answer is one that the document announces, and safe to show."""
    for name, value in HEADERS.items():
        assert answer.headers.get(name) == value, name
    if not (path.startswith("/docs/static/") and answer.status_code < 400):
        assert answer.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert re.fullmatch(r"[A-Za-z0-9._-]{1,64}", answer.headers["X-Request-Id"])
    is_sentence = path.startswith(HOOKS) and answer.headers.get("Content-Type", "").startswith("text/plain")
    if answer.status_code >= 400 and path != "/readyz" and method != "HEAD" and not is_sentence:
        _check_problem(answer)
    operation = _operation(method, path)
    if operation:
        _check_documented(operation, answer)
    told = _told(answer)
    for secret in _secrets(sent):
        assert secret not in told, "an answer repeats the number or the code"
    assert key is None or key not in told, "an answer repeats the key"


def fit(schema: dict[str, Any], value: Any, where: str = "answer") -> None:
    """Fail unless ``value`` fits a JSON Schema, of which only what the document uses is known here."""
    unknown = schema.keys() - _ANNOTATIONS - _RULES
    assert not unknown, f"{where}: this test does not know {unknown}"
    if "$ref" in schema:
        fit(resolve(schema["$ref"]), value, where)
    if "anyOf" in schema:
        assert any(_fits(choice, value) for choice in schema["anyOf"]), f"{where}: {value!r}"
    if "enum" in schema:
        assert value in schema["enum"], f"{where}: {value!r}"
    if "type" in schema:
        assert type(value) is _TYPES[schema["type"]], f"{where}: {value!r}"
    if schema.get("format") == "date-time":
        assert datetime.fromisoformat(value).tzinfo, f"{where}: {value!r}"
    if schema.get("type") == "object":
        known, other = schema.get("properties", {}), schema.get("additionalProperties")
        assert set(schema.get("required", ())) <= value.keys(), where
        assert other or value.keys() <= known.keys(), where
        for name, part in value.items():
            fit(known.get(name, other), part, f"{where}.{name}")
    if schema.get("type") == "array":
        for part in value:
            fit(schema["items"], part, f"{where}[]")


def resolve(reference: str) -> dict[str, Any]:
    """What a ``$ref`` inside the document points to."""
    found: Any = document()
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    assert isinstance(found, dict)
    return found


@cache
def document() -> dict[str, Any]:
    """The document as it goes over the wire."""
    loaded: dict[str, Any] = json.loads(json.dumps(openapi_document()))
    return loaded


_ANNOTATIONS = {"title", "description", "examples", "default"}
_RULES = {
    "$ref",
    "anyOf",
    "enum",
    "type",
    "format",
    "properties",
    "additionalProperties",
    "required",
    "items",
}
_TYPES: dict[str, type] = {
    "string": str,
    "integer": int,
    "number": float,
    "boolean": bool,
    "object": dict,
    "array": list,
    "null": type(None),
}


def _fits(schema: dict[str, Any], value: Any) -> bool:
    try:
        fit(schema, value)
    except AssertionError:
        return False
    return True


def _check_problem(answer: Result) -> None:
    assert answer.headers["Content-Type"] == "application/problem+json"
    fit({"$ref": "#/components/schemas/ProblemBody"}, answer.json)
    told = answer.json
    assert told["status"] == answer.status_code
    assert told["request_id"] == answer.headers["X-Request-Id"]
    assert re.fullmatch(r"urn:otp-worker:problem:[a-z_]+", told["type"])
    assert told["title"]
    code = told["type"].rpartition(":")[2]
    assert answer.headers["Link"] == f"</docs/problems#{code}>; rel=help"
    assert told["detail"].endswith((".", "?"))


def _operation(method: str, path: str) -> dict[str, Any] | None:
    for template, operations in document()["paths"].items():
        # The path without parameters stands before the one that would match it too.
        if re.fullmatch(re.sub(r"{\w+}", "[^/]+", template), path):
            found: dict[str, Any] | None = operations.get(method.lower())
            return found
    return None


def _check_documented(operation: dict[str, Any], answer: Result) -> None:
    status = str(answer.status_code)
    if status in ANYWHERE:
        return
    assert status in operation["responses"], f"{operation['operationId']} does not document {status}"
    documented = operation["responses"][status]
    media_type = answer.headers["Content-Type"].partition(";")[0]
    assert media_type in documented["content"]
    told = answer.text if media_type == "text/plain" else answer.json
    fit(documented["content"][media_type]["schema"], told)
    for name, header in documented.get("headers", {}).items():
        assert name in answer.headers or not header.get("required"), name


def _told(answer: Result) -> str:
    told = {name: value for name, value in answer.headers.items() if name != "x-request-id"}
    return f"{told} {answer.text if 'json' in answer.headers.get('Content-Type', '') else ''}"


def _secrets(sent: Any) -> Iterator[str]:
    """The number, the code and the key in a request, as far as it can be read."""
    if isinstance(sent, str | bytes):
        with suppress(ValueError, RecursionError):
            sent = json.loads(sent)
    if isinstance(sent, dict):
        for value in (sent.get("to"), sent.get("code")):
            if isinstance(value, str | int) and len(str(value)) > 3:
                yield str(value).lstrip("+")
