"""Whatever is wrong with a field, the service says it in its own words."""

import json
import re
from typing import Any

import falcon
import pytest
from falcon import testing
from pydantic import BaseModel

from api.body_turns import BodyTurns
from api.request_body import read_body, read_query
from api.routes import ROUTES
from otp_worker.domain.errors import InvalidFieldsError

BODIES = {route.name: route.body for route in ROUTES if route.body}
QUERIES = {route.name: route.query for route in ROUTES if route.query}
WRONG: list[object] = [
    None,
    7,
    1.5,
    True,
    "",
    " ",
    "\n",
    "x" * 3000,
    [],
    ["x"],
    {},
    {"x": 1},
    -1,
    10**30,
    "2026-03-01",
    "7",
    "yes",
    "<script>",
    "\u0000",
]
A_LIBRARYS = re.compile(
    r"Input|should|Value error|Unable|Field required|inputs|pattern|valid (string|integer|list)|pydantic"
)


def told(read: Any, request: falcon.Request, model: type[BaseModel]) -> list[tuple[str, str]]:
    """What is said of a request's fields."""
    request.context.body_turns, request.context.caller = BodyTurns(), "app shop"
    try:
        read(request, model)
    except InvalidFieldsError as error:
        return error.errors
    return []


@pytest.mark.parametrize("name", BODIES)
def test_a_wrong_field_of_any_body_is_told_in_our_words(name: str) -> None:
    model = BODIES[name]
    for field in (*model.model_fields, "unknown"):
        for value in WRONG:
            request = testing.create_req(method="POST", body=json.dumps({field: value}))
            errors = told(read_body, request, model)
            assert not A_LIBRARYS.search(str(errors)), (field, value, errors)
            assert all(detail and detail[-1] != "." for _, detail in errors)


@pytest.mark.parametrize("name", QUERIES)
def test_a_wrong_parameter_of_any_url_is_told_in_our_words(name: str) -> None:
    model = QUERIES[name]
    for field in (*model.model_fields, "unknown"):
        for value in WRONG:
            request = testing.create_req(query_string=f"{field}={falcon.uri.encode_value(str(value))}")
            errors = told(read_query, request, model)
            assert not A_LIBRARYS.search(str(errors)), (field, value, errors)
