"""Reading a request's body: bounded, strict JSON, one object of known fields."""

import json
import re
from typing import Any, NoReturn, TypeVar
from urllib.parse import parse_qsl

import falcon
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from otp_worker.domain.errors import (
    BodyTooLargeError,
    InvalidBodyError,
    InvalidFieldError,
    InvalidFieldsError,
)
from otp_worker.domain.passcode import MAX_LENGTH, MIN_LENGTH

from .body_turns import BodyTurns

MAX_BODY_BYTES = 4096

Body = TypeVar("Body", bound=BaseModel)

_BODY, _QUERY = "body", "query"
_PLAIN_NAME = re.compile(r"(?!.*[0-9]{3})[A-Za-z_][A-Za-z0-9_]{0,39}")
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_CODE = f"give the {MIN_LENGTH} to {MAX_LENGTH} digits of the code as text"
_FIXES = {
    "code": _CODE,
    "user": "give printable characters on one line",
    "template": "give a name of letters, digits, dots, dashes or underscores",
    "ip": "this is not an IP address",
    "android_hash": "give the 11 characters that AppSignatureHelper prints",
    "locale": "give a language tag such as de-AT, or a list of them",
    "purpose": "give a word of small letters, digits, dashes or underscores",
    "client_reference": "give printable characters on one line",
    "app": "give the name of an app",
    "country": "give the two letters of a country, such as GB",
    "sim": "give the name of a SIM",
}
_CODE_AS_NUMBER = f"{_CODE}: a number loses its leading zeros"
_OTHERWISE = "this value cannot be accepted; the description of the API says which ones can"
_SENTENCES = {
    "extra_forbidden": "there is no such field",
    "missing": "is required",
    "string_type": "give text",
    "string_too_short": "give at least {min_length} character",
    "string_too_long": "give at most {max_length} characters",
    "int_type": "give a whole number, without quotes",
    "int_parsing": "give a whole number",
    "bool_type": "give true or false, without quotes",
    "greater_than_equal": "give {ge} or more",
    "less_than_equal": "give {le} or less",
    "literal_error": "give {expected}",
    "list_type": "give a list",
    "too_short": "give at least {min_length}",
    "too_long": "give at most {max_length}",
}


def read_body(req: falcon.Request, model: type[Body], limit: int = MAX_BODY_BYTES) -> Body:
    """The request's body, of so many bytes at most, as ``model``.

    Raises BodyTooLargeError, InvalidBodyError and InvalidFieldsError.
    """
    return _judged(model, parse_object(read_raw(req, limit), is_form=is_form(req)), _BODY)


def read_object(value: object, model: type[Body]) -> Body:
    """One of a body's objects as ``model``; raises InvalidFieldsError."""
    if not isinstance(value, dict):
        raise InvalidFieldError(_BODY, "give a JSON object")
    return _judged(model, value, _BODY)


def read_query(req: falcon.Request, model: type[Body]) -> Body:
    """The parameters of the request's URL as ``model``; raises InvalidFieldsError."""
    twice = [name for name, value in req.params.items() if isinstance(value, list)]
    if twice:
        raise InvalidFieldsError([(_plain(name, _QUERY), "give it once") for name in twice])
    return _judged(model, dict(req.params), _QUERY)


def _judged(model: type[Body], values: dict[str, Any], where: str) -> Body:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False)
        raise InvalidFieldsError(
            [(_name(problem, where), _detail(problem)) for problem in problems]
        ) from None


def read_raw(req: falcon.Request, limit: int) -> bytes:
    """The raw body of at most ``limit`` bytes, of a known caller.

    Raises BodyTooLargeError and SlowBodiesError.
    """
    length = req.content_length
    if length is None and req.get_header("Transfer-Encoding"):
        raise BodyTooLargeError("send the body with a Content-Length")
    if (length or 0) > limit:
        raise BodyTooLargeError(f"the body may be {limit} bytes long at most")
    if not length:
        return b""
    turns: BodyTurns = req.context.body_turns
    with turns.turn(req.context.caller):
        body: bytes = req.bounded_stream.read(limit + 1)
    return body


def is_form(req: falcon.Request) -> bool:
    """Whether the body says of itself that it is a form."""
    return (req.content_type or "").lower().startswith(_FORMS)


def parse_object(body: bytes, *, is_form: bool) -> dict[str, Any]:
    """The JSON object that a body is; one that is a form is told so. Raises InvalidBodyError."""
    if not body:
        _refuse("the body is empty; send a JSON object")
    try:
        value = json.loads(body.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_refuse_constant)
    except UnicodeDecodeError:
        _refuse("the body is not UTF-8")
    except RecursionError:
        _refuse("the body is nested too deeply")
    except ValueError:
        _refuse(
            "the body is a form; send a JSON object with Content-Type: application/json"
            if is_form
            else "the body is not JSON"
        )
    if not isinstance(value, dict):
        _refuse("the body must be a JSON object")
    return value


def parse_form(body: bytes) -> dict[str, str]:
    """The fields of a URL-encoded form, each once. Raises InvalidBodyError."""
    try:
        pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=100)
    except ValueError:
        _refuse("the body is no form of at most 100 fields in UTF-8")
    return _unique(pairs)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        _refuse("the body names a field twice")
    return fields


def _refuse_constant(_name: str) -> NoReturn:
    _refuse("NaN and Infinity are not JSON")


def _refuse(detail: str) -> NoReturn:
    raise InvalidBodyError(detail)


def _name(problem: ErrorDetails, where: str) -> str:
    return _plain(".".join(map(str, problem["loc"])), where)


def _plain(name: str, where: str) -> str:
    # A name that is no plain word is not repeated: it may be anything, a number or a code as well.
    return name if _PLAIN_NAME.fullmatch(name) else where


def _detail(problem: ErrorDetails) -> str:
    """What is wrong with a field and the fix, in our words: a library's change with its versions."""
    kind, name = problem["type"], _name(problem, _BODY)
    if name == "code":
        return _CODE_AS_NUMBER if kind == "string_type" else _CODE
    if kind == "string_pattern_mismatch":
        return _FIXES.get(name, _OTHERWISE)
    if kind == "value_error":
        return problem["msg"].removeprefix("Value error, ")
    return _SENTENCES.get(kind, _OTHERWISE).format(**problem.get("ctx", {}))
