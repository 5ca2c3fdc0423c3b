"""The API described as OpenAPI 3.1: the routes' table, and the models that judge the real bodies."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from otp_worker import __version__
from otp_worker.domain.errors import RequestError, TooManyRequestsError
from otp_worker.issue.idempotency import HEADER, REPLAYED_HEADER

from ..problem_help import PAGE, PROBLEMS, help_url
from ..route import Route
from ..routes import ROUTES
from ..schemas.health import ReadinessBody
from ..schemas.problems import ProblemBody
from .examples import ANSWERS, NOT_READY, REQUESTS
from .hook_examples import PLAIN_EXAMPLE
from .operation_samples import operation_samples
from .problem_examples import METHOD_NOT_ALLOWED, problem_examples
from .webhooks import EVENT_SCHEMA, webhooks

_IDEMPOTENCY_KEY = {
    "name": HEADER,
    "in": "header",
    "description": "Repeated with the same key, the request has one effect and the same answer for a day.",
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
}
_FOR = {
    "name": "for",
    "in": "query",
    "required": False,
    "description": (
        "`web`: only a database that cannot be written makes it unready. `worker`: database and broker do. "
        "Without it: the database, beat that is dead for 60 s, and no worker for 60 s."
    ),
    "schema": {"type": "string", "enum": ["web", "worker"]},
}
_TEXT = {"schema": {"type": "string"}}
_SECONDS = {"description": "In seconds.", "schema": {"type": "integer"}}
_ACCEPTED = {
    "Location": {"description": "Where to look at it.", "required": True, **_TEXT},
    REPLAYED_HEADER: {
        "description": f"`true`: the answer to the same request before, by its {HEADER}.",
        "schema": {"type": "string", "enum": ["true"]},
    },
}

_DESCRIPTION = """
Ask for a one-time passcode to be sent by SMS, and later ask whether what your user typed is right.

1. `POST /v1/verifications` with the number: the answer is 202 with an `id`.
2. `POST /v1/verifications/{id}/check` with what your user typed: `valid` says whether it is right.

With `channel: "inbound"`, where the operator allows it, the person texts `inbound.token` to `inbound.text_to`
instead, and `GET` shows `approved`. Know its risk: the sender's number of an SMS can be forged.

Every error is a problem (RFC 9457) with a stable `type`; [what each one means](/docs/problems). Send
`X-Request-Id` to find a request in the logs.
"""


def openapi_document(routes: Iterable[Route] = ROUTES) -> dict[str, Any]:
    """The whole document, ready to be served as JSON."""
    described = [route for route in routes if route.name]
    paths: dict[str, dict[str, Any]] = {}
    for route in described:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "otp-worker", "version": __version__, "description": _DESCRIPTION},
        "security": [{"key": []}],
        "paths": paths,
        "webhooks": webhooks(),
        "components": {
            "schemas": {**_schemas(described), "EventBody": EVENT_SCHEMA},
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "An API key: `otp_live_...`"}
            },
        },
    }


def _schemas(routes: Iterable[Route]) -> dict[str, Any]:
    models: list[tuple[type[BaseModel], JsonSchemaMode]] = [(ProblemBody, "serialization")]
    for route in routes:
        models += [(route.body, "validation")] if route.body else []
        models += [(route.answer, "serialization")] if route.answer else []
    _, schemas = models_json_schema(list(dict.fromkeys(models)), ref_template="#/components/schemas/{model}")
    definitions: dict[str, Any] = schemas["$defs"]
    for name in {model.__name__ for model, mode in models if mode == "validation"}:
        for field in definitions[name].get("properties", {}).values():
            _say_default(field)
    return definitions


def _say_default(field: dict[str, Any]) -> None:
    """Put a default into words: openapi-typescript demands whatever has a ``default``."""
    default = field.pop("default", None)
    if default:
        words = (field.get("description"), f"Without it: `{json.dumps(default)}`.")
        field["description"] = " ".join(filter(None, words))


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "tags": [route.tag],
        "responses": _responses(route),
        "x-codeSamples": operation_samples(route),
    }
    if route.scope is None:
        operation["security"] = []
    if route.body:
        requests = REQUESTS[route.name or ""]
        examples = {name: {"summary": shows, "value": body} for name, (shows, body) in requests.items()}
        operation["requestBody"] = {"required": True, "content": _json(route.body, examples)}
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", route.path)
    ]
    if route.idempotent:
        parameters.append(_IDEMPOTENCY_KEY)
    if route.answer is ReadinessBody:
        parameters.append(_FOR)
    if route.query:
        parameters += _query(route.query)
    return {**operation, "parameters": parameters} if parameters else operation


def _query(model: type[BaseModel]) -> list[dict[str, Any]]:
    """The parameters in the URL; one that is left out is null to the model, and none can be null in a URL."""
    fields = model.model_json_schema(ref_template="#/components/schemas/{model}")["properties"]
    return [
        {
            "name": name,
            "in": "query",
            "required": False,
            "description": field["description"],
            "schema": next((each for each in field.get("anyOf", ()) if each != {"type": "null"}), field),
        }
        for name, field in fields.items()
    ]


def _responses(route: Route) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    if route.answer:
        done: dict[str, Any] = {
            "description": "Done.",
            "content": _json(route.answer, _values(ANSWERS[route.name or ""])),
        }
        responses[str(route.status)] = {**done, "headers": _headers(route)} if route.status == 202 else done
        if route.answer is ReadinessBody:
            content = _json(route.answer, _values({"away": NOT_READY}))
            responses["503"] = {"description": "Not now; for what reason.", "content": content}
    for status in sorted({error.http_status for error in route.errors}):
        errors = [error for error in route.errors if error.http_status == status]
        responses[str(status)] = _problem(errors, plain=route.plain_errors)
    if _names_others_too(route):
        responses["405"] = _OTHER_METHODS
    return responses


def _values(models: Mapping[str, BaseModel]) -> dict[str, Any]:
    return {name: {"value": model.model_dump(mode="json")} for name, model in models.items()}


def _names_others_too(route: Route) -> bool:
    """Whether a path of other methods alone has this one's form, as ``/check`` has where an id may stand."""
    form = re.compile(re.sub(r"\{\w+\}", "[^/]+", route.path))
    taken = {(each.method, each.path) for each in ROUTES}
    return any(
        path != route.path and form.fullmatch(path) and (route.method, path) not in taken for _, path in taken
    )


def _problem(errors: list[type[RequestError]], *, plain: bool) -> dict[str, Any]:
    """One status: each problem's cause, with a link to its explanation, and its headers.

    Where it may be ``plain``, it comes without the link as a sentence for the person.
    """
    lines = dict.fromkeys(_explained(error.problem) for error in errors)
    headers: dict[str, Any] = {}
    for error in errors:
        headers |= {
            # Not required where another problem of this status comes without it.
            name: {
                "required": all(name in each.headers for each in errors),
                **(_SECONDS if name == "Retry-After" else _TEXT),
            }
            for name in error.headers
        }
        if issubclass(error, TooManyRequestsError):
            # Not required: there is none where only an operator can unlock a number.
            headers["Retry-After"] = _SECONDS
    return {
        "description": "\n".join(lines),
        "headers": {**headers, "Link": {**_EXPLANATION, "required": not plain}},
        "content": {
            **_content("application/problem+json", ProblemBody, problem_examples(errors)),
            **(_SENTENCE if plain else {}),
        },
    }


def _explained(code: str) -> str:
    return f"- [{code}]({help_url(code)}): {PROBLEMS[code].cause}"


def _json(model: type[BaseModel], examples: dict[str, Any]) -> dict[str, Any]:
    return _content("application/json", model, examples)


def _content(media_type: str, model: type[BaseModel], examples: dict[str, Any]) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {media_type: {"schema": schema, "examples": examples}}


_SENTENCE = {"text/plain": {**_TEXT, "examples": {"sentence": {"value": PLAIN_EXAMPLE}}}}
_EXPLANATION = {"description": f'`<{PAGE}#...>; rel="help"`: cause and fix.', "required": True, **_TEXT}


def _headers(route: Route) -> dict[str, Any]:
    """What comes with a 202: a batch has no one place to look at."""
    is_one = route.answer is not None and "id" in route.answer.model_fields
    names = (["Location"] if is_one else []) + ([REPLAYED_HEADER] if route.idempotent else [])
    return {name: _ACCEPTED[name] for name in names}


_OTHER_METHODS = {
    "description": f"This path is another call's, which takes other methods "
    f"([method_not_allowed]({help_url('method_not_allowed')})).",
    "headers": {
        "Allow": {"description": "The methods that it takes.", "required": True, **_TEXT},
        "Link": _EXPLANATION,
    },
    "content": _content("application/problem+json", ProblemBody, METHOD_NOT_ALLOWED),
}
