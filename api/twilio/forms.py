"""Reading what Twilio's clients send: a form of parameters in PascalCase, some of them JSON."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

import falcon
import structlog

from otp_worker.domain.errors import InvalidBodyError, InvalidFieldError

from ..request_body import read_raw

log = structlog.get_logger()

MAX_FORM_BYTES = 16_384
MOST_PARAMETERS = 100
_FORM = "application/x-www-form-urlencoded"
_FLAGS = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Form:
    """The parameters of a request; one that is empty is as one that is not given."""

    values: Mapping[str, Sequence[str]]

    def text(self, name: str) -> str | None:
        """A parameter as it is. Raises InvalidFieldError where it is given twice."""
        given = self.values.get(name, ())
        if len(given) > 1:
            raise InvalidFieldError(name, "give it once")
        return given[0] if given else None

    def number(self, name: str) -> int | None:
        """A whole number. Raises InvalidFieldError."""
        text = self.text(name)
        if text is None:
            return None
        if not (text.isascii() and text.isdigit() and len(text) <= 9):
            raise InvalidFieldError(name, "give a whole number")
        return int(text)

    def flag(self, name: str) -> bool | None:
        """True or false, in any case. Raises InvalidFieldError."""
        text = self.text(name)
        if text is None:
            return None
        if text.lower() not in _FLAGS:
            raise InvalidFieldError(name, "give true or false")
        return _FLAGS[text.lower()]

    def object(self, name: str) -> dict[str, Any] | None:
        """A JSON object, which comes as text. Raises InvalidFieldError."""
        text = self.text(name)
        if text is None:
            return None
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            raise InvalidFieldError(name, "give a JSON object")
        return value

    def ignore(self, *names: str) -> None:
        """Say in one line which of these parameters are given: nothing comes of them here."""
        given = [name for name in names if self.text(name) is not None]
        if given:
            log.info("twilio_parameters_ignored", parameters=given)


def read_parameters(req: falcon.Request) -> Form:
    """The parameters of a request's URL."""
    given = {name: [value] if isinstance(value, str) else list(value) for name, value in req.params.items()}
    return Form(given)


def read_form(req: falcon.Request, limit: int = MAX_FORM_BYTES) -> Form:
    """The parameters of a request's body.

    Raises BodyTooLargeError, SlowBodiesError and InvalidBodyError.
    """
    kind = (req.content_type or _FORM).partition(";")[0].strip().lower()
    if kind != _FORM:
        raise InvalidBodyError(f"send the parameters as {_FORM}")
    body = read_raw(req, limit)
    try:
        given = parse_qs(body.decode("utf-8"), errors="strict", max_num_fields=MOST_PARAMETERS)
    except ValueError:
        raise InvalidBodyError("the body is no form of at most 100 parameters in UTF-8") from None
    return Form(given)
