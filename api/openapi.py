"""The API described as OpenAPI 3.1, its schemas taken from the models that judge the real bodies."""

from typing import Any

from pydantic.json_schema import models_json_schema

from api.admin_schemas import ErasedBody, ExemptBody, NumberBody, PauseBody, PausesBody, UnlockedBody
from api.schemas import (
    AcceptedBody,
    AlivenessBody,
    CheckBody,
    CheckResultBody,
    NumberCheckBody,
    ProblemBody,
    ReadinessBody,
    SendBody,
    VerificationBody,
)
from otp_worker import __version__
from otp_worker.issue.idempotency import HEADER

_IN = (SendBody, CheckBody, NumberCheckBody, NumberBody, ExemptBody)
_OUT = (
    AcceptedBody,
    VerificationBody,
    CheckResultBody,
    ProblemBody,
    AlivenessBody,
    ReadinessBody,
    PauseBody,
    PausesBody,
    UnlockedBody,
    ErasedBody,
)

_PROBLEMS = {
    "400": "The body is not one JSON object.",
    "401": "The API key is missing, unknown or revoked.",
    "403": "The API key is not for this, the number's country is not allowed, or its person wants no SMS.",
    "404": "There is no such verification, or it is another app's.",
    "409": "The same request, by its Idempotency-Key, is being answered at this moment; repeat it.",
    "410": "The verification is already over; `verification_status` says how.",
    "413": "The body is too large.",
    "422": "A field is wrong; `errors` names it and the fix.",
    "429": "Too soon, a limit is reached, or a lock, report or pause holds; `Retry-After` says until when.",
    "503": "The database does not answer; try again.",
}

_RETRY_AFTER = {"description": "In seconds.", "schema": {"type": "integer"}}
_HEADERS = {
    "202": {
        "Location": {"description": "Where to look at it.", "required": True, "schema": {"type": "string"}}
    },
    "401": {"WWW-Authenticate": {"required": True, "schema": {"type": "string"}}},
    # Not where only an operator can unlock a number.
    "429": {"Retry-After": _RETRY_AFTER},
    "409": {"Retry-After": {**_RETRY_AFTER, "required": True}},
    "503": {"Retry-After": {**_RETRY_AFTER, "required": True}},
}

_BY_ID = {"name": "verification_id", "in": "path", "required": True, "schema": {"type": "string"}}
_ONCE = {
    "name": HEADER,
    "in": "header",
    "description": "Repeated with the same key, the request has one effect and the same answer for a day.",
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
}

_DESCRIPTION = """
Ask for a one-time passcode to be sent by SMS, and later ask whether what your user typed is right.

1. `POST /v1/verifications` with the number: the answer is 202 with an `id`.
2. `POST /v1/verifications/{id}/check` with what your user typed: `valid` says whether it is right.

With `channel: "inbound"`, where the operator allows it, the person texts `inbound.token` to `inbound.text_to`
instead, and `GET` shows `approved`. Know its risk: the sender's number of an SMS can be forged.

Every error is a problem (RFC 9457) with a stable `type`. Send `X-Request-Id` to find a request in the logs.
"""


def openapi_document() -> dict[str, Any]:
    """The whole document, ready to be served as JSON."""
    _, schemas = models_json_schema(
        [(model, "validation") for model in _IN] + [(model, "serialization") for model in _OUT],
        ref_template="#/components/schemas/{model}",
    )
    return {
        "openapi": "3.1.0",
        "info": {"title": "otp-worker", "version": __version__, "description": _DESCRIPTION},
        "servers": [{"url": "/"}],
        "security": [{"key": []}],
        "paths": _paths(),
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "An API key: `otp_live_...`"}
            },
        },
    }


def _paths() -> dict[str, Any]:
    one = "/v1/verifications/{verification_id}"
    on_id = ["401", "403", "404", "503"]
    with_body = ["400", "401", "403", "413", "422", "503"]
    return {
        "/v1/verifications": {
            "post": _operation(
                "send",
                "Ask for a code to be sent",
                "202",
                AcceptedBody,
                [*with_body, "409", "429"],
                SendBody,
                once=True,
            )
        },
        "/v1/verifications/check": {
            "post": _operation(
                "checkNumber",
                "Check a code by number",
                "200",
                CheckResultBody,
                [*with_body, "404", "410", "429"],
                NumberCheckBody,
            )
        },
        one: {
            "get": _operation("read", "Look at a verification", "200", VerificationBody, on_id, by_id=True)
        },
        f"{one}/check": {
            "post": _operation(
                "check",
                "Check a code",
                "200",
                CheckResultBody,
                [*with_body, "404", "410", "429"],
                CheckBody,
                by_id=True,
            )
        },
        f"{one}/resend": {
            "post": _operation(
                "resend",
                "Send the same code once more",
                "202",
                AcceptedBody,
                [*on_id, "409", "410", "422", "429"],
                by_id=True,
                once=True,
            )
        },
        f"{one}/cancel": {
            "post": _operation("cancel", "Cancel", "200", VerificationBody, [*on_id, "410"], by_id=True)
        },
        **_admin_paths(),
        "/healthz": {"get": _public(_operation("alive", "Whether it answers", "200", AlivenessBody, []))},
        "/readyz": {"get": _public(_ready())},
    }


def _admin_paths() -> dict[str, Any]:
    """What keys with the scope admin are for."""
    problems = ["400", "401", "403", "404", "413", "422", "503"]
    forget = [problem for problem in problems if problem != "404"]
    operations = {
        "/v1/admin/pauses": ("get", "pauses", "What is or was paused for SMS pumping", PausesBody, None),
        "/v1/admin/pauses/exempt": ("post", "exempt", "End a pause", PauseBody, ExemptBody),
        "/v1/admin/numbers/unlock": ("post", "unlock", "Unlock a number", UnlockedBody, NumberBody),
        "/v1/admin/numbers/forget": ("post", "forget", "Erase a person", ErasedBody, NumberBody),
    }
    return {
        path: {
            method: {
                **_operation(
                    name,
                    summary,
                    "200",
                    answer,
                    ["401", "403", "503"] if body is None else forget if name == "forget" else problems,
                    body,
                ),
                "tags": ["admin"],
            }
        }
        for path, (method, name, summary, answer, body) in operations.items()
    }


def _ready() -> dict[str, Any]:
    operation = _operation("ready", "Whether the service can work", "200", ReadinessBody, [])
    operation["responses"]["503"] = {
        **operation["responses"]["200"],
        "description": "Not now; for what reason.",
    }
    return operation


def _public(operation: dict[str, Any]) -> dict[str, Any]:
    return {**operation, "tags": ["health"], "security": []}


def _operation(
    name: str,
    summary: str,
    status: str,
    answer: type[Any],
    problems: list[str],
    body: type[Any] | None = None,
    *,
    by_id: bool = False,
    once: bool = False,
) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": name,
        "summary": summary,
        "tags": ["verifications"],
        "responses": {
            status: _told(status, "Done.", "application/json", answer),
            **{problem: _problem(problem) for problem in sorted(problems)},
        },
    }
    if body:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": _ref(body)}}}
    parameters = ([_BY_ID] if by_id else []) + ([_ONCE] if once else [])
    return {**operation, "parameters": parameters} if parameters else operation


def _problem(status: str) -> dict[str, Any]:
    return _told(status, _PROBLEMS[status], "application/problem+json", ProblemBody)


def _told(status: str, description: str, content_type: str, body: type[Any]) -> dict[str, Any]:
    told = {"description": description, "content": {content_type: {"schema": _ref(body)}}}
    return {**told, "headers": _HEADERS[status]} if status in _HEADERS else told


def _ref(model: type[Any]) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{model.__name__}"}
