"""The OpenAPI document, and that it and the application say the same."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from falcon import App, inspect

from tests.api.client import Caller
from tests.api.contract import document, fit, resolve

METHODS = {"get", "put", "post", "delete", "patch"}
CALLBACKS = {
    ("post", "/v1/callbacks/{gateway}/{token}"),
    ("get", "/v1/callbacks/{gateway}/{token}"),
}
ENTRY_PAGE = {
    # For people, whose browser a link of their app brings here: it answers with pages.
    ("get", "/entry/{token}"),
    *(("post", f"/entry/{{token}}/{act}") for act in ("send", "resend", "check", "decline")),
}
NOT_DOCUMENTED = {
    ("get", "/openapi.json"),
    ("get", "/"),
    ("get", "/docs"),
    ("get", "/docs/problems"),
    # For Prometheus, in its own format.
    ("get", "/metrics"),
    # For gateways, each in its own format, at a URL that they are given.
    *CALLBACKS,
    *ENTRY_PAGE,
}
# For other systems, each in its own format: they have no API key, and show the secret of their hook.
HOOKS = {("post", "/v1/hooks/{hook}")}
PUBLIC = NOT_DOCUMENTED | HOOKS | {("get", "/healthz"), ("get", "/readyz")}

Operation = dict[str, Any]


def operations() -> dict[tuple[str, str], Operation]:
    """Every operation in the document, by method and path."""
    return {
        (method, path): operation
        for path, methods in document()["paths"].items()
        for method, operation in methods.items()
    }


def routes(app: "App[Any, Any]") -> set[tuple[str, str]]:
    """Every route that somebody wrote a method for; HEAD is GET without its body, and not described apart."""
    return {
        (method.method.lower(), route.path)
        for route in inspect.inspect_app(app).routes
        for method in route.methods
        if not method.internal and method.method != "HEAD"
    }


def test_head_is_answered_wherever_get_changes_nothing(app: "App[Any, Any]") -> None:
    answered = {
        route.path: {method.method for method in route.methods if not method.internal}
        for route in inspect.inspect_app(app).routes
    }
    gets = {path for path, methods in answered.items() if "GET" in methods}
    heads = {path for path, methods in answered.items() if "HEAD" in methods}
    assert gets - heads == {"/v1/callbacks/{gateway}/{token}"}


def every(name: str, part: Any) -> Iterator[Any]:
    """Every value of that name, anywhere in the document."""
    if isinstance(part, dict):
        yield from (part[name] for _ in [0] if name in part)
        part = list(part.values())
    if isinstance(part, list):
        for each in part:
            yield from every(name, each)


def test_the_document_is_served_as_it_is(stranger: Caller) -> None:
    answer = stranger.simulate_get("/openapi.json")
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json == document()


def test_it_has_what_openapi_3_1_asks_for() -> None:
    assert document()["openapi"] == "3.1.0"
    assert {"title", "version"} <= document()["info"].keys()
    assert {"openapi", "info", "paths", "components"} <= document().keys()
    for (method, path), operation in operations().items():
        assert method in METHODS
        assert path.startswith("/")
        assert operation["responses"]
        for status, response in operation["responses"].items():
            assert 200 <= int(status) < 600
            assert response["description"]
    names = [operation["operationId"] for operation in operations().values()]
    assert len(names) == len(set(names))
    # Generators make methods of them: each says what is done, and with what.
    assert all(re.fullmatch(r"(is[A-Z]|[a-z]+[A-Z])\w+", name) for name in names)


def test_what_is_about_one_thing_begins_with_its_id_or_name() -> None:
    schemas = document()["components"]["schemas"]
    for name in ("VerificationBody", "AcceptedBody", "ListedBody"):
        assert list(schemas[name]["properties"])[:3] == ["id", "status", "to"], name
    for name in ("SendBody", "SearchBody", "NumberCheckBody", "NumberBody"):
        assert next(iter(schemas[name]["properties"])) == "to", name
    for name in ("AppBody", "NewAppBody"):
        assert next(iter(schemas[name]["properties"])) == "name", name


def test_every_parameter_in_a_path_is_described() -> None:
    for (_, path), operation in operations().items():
        in_path = [each for each in operation.get("parameters", []) if each["in"] == "path"]
        assert [each["name"] for each in in_path] == re.findall(r"{(\w+)}", path)
        assert all(each["required"] for each in in_path)


def test_every_reference_leads_somewhere_and_every_schema_is_used() -> None:
    references = set(every("$ref", document()))
    assert all(resolve(reference) for reference in references)
    assert references == {f"#/components/schemas/{name}" for name in document()["components"]["schemas"]}


def test_every_security_scheme_that_is_asked_for_is_defined() -> None:
    asked = {name for needs in every("security", document()) for need in needs for name in need}
    assert asked == document()["components"]["securitySchemes"].keys()


def test_every_route_is_documented_or_says_why_not(app: "App[Any, Any]") -> None:
    assert routes(app) == operations().keys() | NOT_DOCUMENTED
    assert not operations().keys() & NOT_DOCUMENTED
    assert [static.prefix for static in inspect.inspect_app(app).static_routes] == ["/docs/static/"]
    assert inspect.inspect_app(app).sinks == []


def test_every_route_authenticates_but_those_that_are_public(app: "App[Any, Any]", stranger: Caller) -> None:
    for method, path in routes(app) - PUBLIC:
        answer = stranger.simulate_request(
            method.upper(), path.replace("{verification_id}", "ver_" + "0" * 26)
        )
        assert answer.status_code == 401, path
    for method, path in PUBLIC - CALLBACKS - ENTRY_PAGE:
        assert stranger.simulate_request(method.upper(), path).status_code != 401, path


def test_the_document_says_the_same_of_who_may_call() -> None:
    assert document()["security"] == [{"key": []}]
    public = {route for route, operation in operations().items() if operation.get("security") == []}
    assert public == PUBLIC - NOT_DOCUMENTED
    for route, operation in operations().items():
        assert ("401" in operation["responses"]) is (route not in PUBLIC - HOOKS)


def test_no_request_may_hold_a_field_that_is_not_described() -> None:
    for route, operation in operations().items():
        if "requestBody" in operation:
            schema = resolve(operation["requestBody"]["content"]["application/json"]["schema"]["$ref"])
            assert schema["additionalProperties"] is (route in HOOKS)


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "integer"}, True),
        ({"type": "string"}, 1),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "1"),
        ({"enum": ["a"]}, "b"),
        ({"type": "string", "format": "date-time"}, "2026-03-01T12:00:00"),
        ({"type": "object", "properties": {}, "required": ["a"]}, {}),
        ({"type": "object", "properties": {}}, {"not described": 1}),
        ({"type": "array", "items": {"type": "string"}}, [1]),
        ({"unheardOf": 1}, 1),
    ],
    ids=str,
)
def test_what_does_not_fit_a_schema_is_noticed(schema: dict[str, Any], value: object) -> None:
    with pytest.raises(AssertionError):
        fit(schema, value)
