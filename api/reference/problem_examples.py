"""An example of every problem: each error as it is raised, with the sentence that it then says."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from otp_worker.domain import errors
from otp_worker.domain.entry_link import ResultRedeemedError
from otp_worker.domain.errors import RequestError
from otp_worker.domain.message import MessageEndedError
from otp_worker.domain.sealing import SealingUnavailableError

from ..schemas.problems import TYPE, ProblemBody
from .example_values import AT
from .examples import ID
from .message_examples import MESSAGE_ID

_LATER = AT + timedelta(seconds=30)
_RAISED: tuple[RequestError, ...] = (
    errors.InvalidBodyError("the body is a form; send a JSON object with Content-Type: application/json"),
    errors.BodyTooLargeError("the body may be 4096 bytes long at most"),
    errors.InvalidFieldsError([("code", "give the 4 to 10 digits of the code as text")]),
    errors.UnauthenticatedError("send Authorization: Bearer with an API key"),
    errors.ScopeMissingError("this API key may not be used to send; make one with --scope send"),
    errors.CountryNotAllowedError("FR"),
    errors.OptedOutError(),
    errors.NotFoundError("there is no such verification"),
    errors.RequestInFlightError("this request is being answered; repeat it for its answer"),
    errors.VerificationEndedError(ID, "expired"),
    MessageEndedError(MESSAGE_ID, "sent"),
    ResultRedeemedError("the result of this link was redeemed before, or is too old"),
    errors.SlowBodiesError(),
    errors.TooSoonError(AT, AT + timedelta(seconds=12), _LATER),
    errors.RateLimitExceededError("number", 5, 600, _LATER),
    errors.SendsPausedError("country", _LATER),
    errors.NumberLockedError(_LATER),
    errors.NumberReportedError(_LATER),
    errors.DatabaseUnavailableError("the database does not answer; try again"),
    SealingUnavailableError("no worker of this version has run yet, so nothing can be sealed"),
)


def problem_examples(kinds: list[type[RequestError]]) -> dict[str, Any]:
    """One example of each kind of error, by the end of its type."""
    raised = {error.problem: error for error in _RAISED}
    return {
        code: _example(code, raised[code].http_status, raised[code].sentence, raised[code].members)
        for code in dict.fromkeys(kind.problem for kind in kinds)
    }


def _example(code: str, status: int, detail: str, members: Mapping[str, Any]) -> dict[str, Any]:
    body = ProblemBody(
        type=TYPE + code,
        title=code.replace("_", " "),
        status=status,
        detail=detail,
        request_id="req_01M8Y3Z6Q0V5XJ7K2N4B9C8D1F",
        **members,
    )
    return {"value": body.model_dump(mode="json", exclude_none=True)}


METHOD_NOT_ALLOWED = {
    "method_not_allowed": _example(
        "method_not_allowed", 405, "This path does not take that method; Allow names the ones it takes.", {}
    )
}
