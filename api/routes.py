"""Every call of the API, once: the application and the OpenAPI document are both drawn from this table."""

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from api.admin import Numbers, Pauses
from api.admin_schemas import ErasedBody, ExemptBody, NumberBody, PauseBody, PausesBody, UnlockedBody
from api.callbacks import CallbackResource
from api.docs import Docs, Home, OpenApi
from api.health import Alive, Ready
from api.health_schemas import AlivenessBody, ReadinessBody
from api.metrics import Metrics
from api.schemas import AcceptedBody, CheckBody, CheckResultBody, NumberCheckBody, SendBody, VerificationBody
from api.verifications import Checks, Verifications
from otp_worker.domain.app import KeyScope
from otp_worker.domain.errors import (
    BodyTooLargeError,
    CountryNotAllowedError,
    DatabaseUnavailableError,
    InvalidBodyError,
    InvalidFieldsError,
    NotFoundError,
    NumberLockedError,
    NumberReportedError,
    OptedOutError,
    RateLimitExceededError,
    RequestError,
    RequestInFlightError,
    ScopeMissingError,
    SendsPausedError,
    SlowBodiesError,
    TooSoonError,
    UnauthenticatedError,
    VerificationEndedError,
)

Errors = tuple[type[RequestError], ...]

_SEND: Errors = (
    OptedOutError,
    CountryNotAllowedError,
    RateLimitExceededError,
    SendsPausedError,
    NumberReportedError,
    RequestInFlightError,
)
_CHECK: Errors = (
    NotFoundError,
    VerificationEndedError,
    RateLimitExceededError,
    NumberLockedError,
    NumberReportedError,
)
_BODY: Errors = (InvalidBodyError, BodyTooLargeError, InvalidFieldsError, SlowBodiesError)
_ONE = "/v1/verifications/{verification_id}"


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path: who answers it, who may call it, and what goes in and comes out.

    ``scope`` is what an API key needs; None needs no key. ``name`` is the operation's id in the OpenAPI
    document; None keeps it out of there. ``raises`` are the errors beside those of every such route.
    """

    method: str
    path: str
    resource: type[Any]
    suffix: str | None = None
    scope: KeyScope | None = None
    name: str | None = None
    summary: str = ""
    body: type[BaseModel] | None = None
    answer: type[BaseModel] | None = None
    status: int = 200
    raises: Errors = ()
    idempotent: bool = False
    tag: str = "verifications"

    @property
    def errors(self) -> Errors:
        """Everything that this call can be answered with instead of its answer."""
        if self.scope is None:
            return self.raises
        return (
            UnauthenticatedError,
            ScopeMissingError,
            *(_BODY if self.body else ()),
            *self.raises,
            DatabaseUnavailableError,
        )


ROUTES = (
    Route(
        "POST",
        "/v1/verifications",
        Verifications,
        scope=KeyScope.SEND,
        name="send",
        summary="Ask for a code to be sent",
        body=SendBody,
        answer=AcceptedBody,
        status=202,
        raises=_SEND,
        idempotent=True,
    ),
    Route(
        "POST",
        "/v1/verifications/check",
        Checks,
        scope=KeyScope.CHECK,
        name="checkNumber",
        summary="Check a code by number",
        body=NumberCheckBody,
        answer=CheckResultBody,
        raises=(CountryNotAllowedError, *_CHECK),
    ),
    Route(
        "GET",
        _ONE,
        Verifications,
        "one",
        scope=KeyScope.READ,
        name="read",
        summary="Look at a verification",
        answer=VerificationBody,
        raises=(NotFoundError,),
    ),
    Route(
        "POST",
        f"{_ONE}/check",
        Checks,
        "one",
        scope=KeyScope.CHECK,
        name="check",
        summary="Check a code",
        body=CheckBody,
        answer=CheckResultBody,
        raises=_CHECK,
    ),
    Route(
        "POST",
        f"{_ONE}/resend",
        Verifications,
        "resend",
        scope=KeyScope.SEND,
        name="resend",
        summary="Send the same code once more",
        answer=AcceptedBody,
        status=202,
        raises=(NotFoundError, VerificationEndedError, InvalidFieldsError, TooSoonError, *_SEND),
        idempotent=True,
    ),
    Route(
        "POST",
        f"{_ONE}/cancel",
        Verifications,
        "cancel",
        scope=KeyScope.SEND,
        name="cancel",
        summary="Cancel",
        answer=VerificationBody,
        raises=(NotFoundError, VerificationEndedError),
    ),
    Route(
        "GET",
        "/v1/admin/pauses",
        Pauses,
        scope=KeyScope.ADMIN,
        name="pauses",
        summary="What is or was paused for SMS pumping",
        answer=PausesBody,
        tag="admin",
    ),
    Route(
        "POST",
        "/v1/admin/pauses/exempt",
        Pauses,
        "exempt",
        scope=KeyScope.ADMIN,
        name="exempt",
        summary="End a pause",
        body=ExemptBody,
        answer=PauseBody,
        raises=(NotFoundError,),
        tag="admin",
    ),
    Route(
        "POST",
        "/v1/admin/numbers/unlock",
        Numbers,
        "unlock",
        scope=KeyScope.ADMIN,
        name="unlock",
        summary="Unlock a number",
        body=NumberBody,
        answer=UnlockedBody,
        raises=(NotFoundError,),
        tag="admin",
    ),
    Route(
        "POST",
        "/v1/admin/numbers/forget",
        Numbers,
        "forget",
        scope=KeyScope.ADMIN,
        name="forget",
        summary="Erase a person",
        body=NumberBody,
        answer=ErasedBody,
        tag="admin",
    ),
    Route("POST", "/v1/callbacks/{gateway}/{token}", CallbackResource),
    Route("GET", "/v1/callbacks/{gateway}/{token}", CallbackResource),
    Route(
        "GET",
        "/healthz",
        Alive,
        name="alive",
        summary="Whether it answers",
        answer=AlivenessBody,
        tag="health",
    ),
    Route(
        "GET",
        "/readyz",
        Ready,
        name="ready",
        summary="Whether the service can work",
        answer=ReadinessBody,
        raises=(InvalidFieldsError,),
        tag="health",
    ),
    Route("GET", "/metrics", Metrics),
    Route("GET", "/openapi.json", OpenApi),
    Route("GET", "/docs", Docs),
    Route("GET", "/", Home),
)
