"""One HTTP request and its answer, as both sides of the simulator see them."""

import json
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from urllib.parse import parse_qsl, urlsplit


class Manner(Enum):
    """How an answer leaves, or does not."""

    WHOLE = "in one piece"
    DRIPPED = "one byte at a time"
    LOST = "the connection closes instead"
    HUNG = "nothing comes until the client gives up"


@dataclass(frozen=True)
class Request:
    """A request whose body has been read; header names are in lower case."""

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def path(self) -> str:
        """The target without its query."""
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        """The query's parameters; of a repeated one, the last."""
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))


@dataclass(frozen=True)
class Answer:
    """A status, a body and how they travel; `padding` is a number of blanks sent after the body.

    `stream` is a body without an end, sent piece by piece until the client or the simulator goes.
    """

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    manner: Manner = Manner.WHOLE
    after_seconds: float = 0.0
    byte_seconds: float = 0.0
    padding: int = 0
    stream: Generator[bytes] | None = None


@dataclass(frozen=True)
class Issue:
    """One thing wrong with one field of a request; the field is empty when it is the body as a whole."""

    field: str
    message: str


class ValidationError(Exception):
    """What was asked cannot be taken as it is."""

    def __init__(self, *issues: Issue) -> None:
        super().__init__("; ".join(f"{issue.field or 'body'}: {issue.message}" for issue in issues))
        self.issues = issues


def json_answer(status: int, value: object, headers: Mapping[str, str] | None = None) -> Answer:
    """An answer whose body is `value` as JSON."""
    return Answer(
        status,
        json.dumps(value).encode(),
        {"Content-Type": "application/json", **(headers or {})},
    )


def error_answer(status: int, code: str, headers: Mapping[str, str] | None = None) -> Answer:
    """An error as the vendor words it: `{"error": code}`."""
    return json_answer(status, {"error": code}, headers)


def invalid_answer(invalid: ValidationError) -> Answer:
    """400 `validation_error`; the shape of an issue is a guess."""
    issues = [{"path": [i.field] if i.field else [], "message": i.message} for i in invalid.issues]
    return json_answer(400, {"error": "validation_error", "issues": issues})


def json_object(body: bytes) -> dict[str, object]:
    """The JSON object in a body; raises ValidationError for anything else."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise ValidationError(Issue("", "must be JSON")) from None
    if not isinstance(value, dict):
        raise ValidationError(Issue("", "must be a JSON object"))
    return value
