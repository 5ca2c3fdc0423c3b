"""Reading what came back: a model, or the error that it is raised as."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TypeVar

from pydantic import ValidationError

from otp_worker.client.errors import OtpClientError, UnexpectedAnswerError, error_of
from otp_worker.client.models import Answered, Problem

_REPLAYED = "Idempotent-Replayed"
_PROBLEM = "application/problem+json"

Model = TypeVar("Model", bound=Answered)


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, whoever carried it; ``headers`` are found in any case."""

    status: int
    headers: Mapping[str, str]
    content: bytes


def read_as(model: type[Model]) -> Callable[[Answer], Model]:
    """What reads an answer's body as ``model``. It raises ValueError for one that is none."""
    return lambda answer: model.model_validate_json(answer.content)


def read_accepted(model: type[Model]) -> Callable[[Answer], Model]:
    """What reads a 202 as a model that has ``replayed``: whether it is a repeated one."""

    def read(answer: Answer) -> Model:
        accepted = model.model_validate_json(answer.content)
        return accepted.model_copy(update={"replayed": answer.headers.get(_REPLAYED) == "true"})

    return read


def failure_of(answer: Answer, request_id: str, now: datetime) -> OtpClientError:
    """The error that an answer is raised as which is no 2xx."""
    if answer.headers.get("Content-Type", "").partition(";")[0].strip().lower() == _PROBLEM:
        try:
            problem = Problem.model_validate_json(answer.content)
        except ValidationError:
            return unexpected(answer, request_id)
        seconds = retry_after_seconds(answer, now)
        retry_at = None if seconds is None else now + timedelta(seconds=seconds)
        return error_of(problem.model_copy(update={"request_id": problem.request_id or request_id}), retry_at)
    return unexpected(answer, request_id)


def unexpected(answer: Answer, request_id: str) -> UnexpectedAnswerError:
    """The error for an answer that the service does not give."""
    return UnexpectedAnswerError(
        f"the answer with status {answer.status} is not one of otp-worker; look at the URL and its proxy",
        request_id,
        status=answer.status,
    )


def retry_after_seconds(answer: Answer, now: datetime) -> float | None:
    """What ``Retry-After`` says (RFC 9110, 10.2.3): seconds, or a date. None where it says nothing."""
    value = answer.headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        instant = parsedate_to_datetime(value)
    except ValueError:
        return None
    # A date without a zone is in UTC, as every date of HTTP.
    aware = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    return max((aware - now).total_seconds(), 0.0)
