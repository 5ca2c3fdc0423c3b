"""Every call of the API, once: the application and the OpenAPI document are both drawn from this table."""

from otp_worker.domain.app import KeyScope
from otp_worker.domain.errors import (
    CountryNotAllowedError,
    InvalidFieldsError,
    NotFoundError,
    NumberLockedError,
    NumberReportedError,
    OptedOutError,
    RateLimitExceededError,
    RequestInFlightError,
    SendsPausedError,
    TooSoonError,
    VerificationEndedError,
)
from otp_worker.domain.sealing import SealingUnavailableError

from .admin_routes import ADMIN_ROUTES
from .callbacks import CallbackResource
from .conversions import ConversionsResource
from .docs import Docs, Home, OpenApi, Problems
from .endpoint_routes import ENDPOINT_ROUTES
from .entry.routes import ENTRY_ROUTES
from .health import Alive, Ready
from .hooks.routes import HOOK_ROUTES
from .message_routes import MESSAGE_ROUTES
from .metrics import Metrics
from .problem_help import PAGE as PROBLEMS_PAGE
from .route import Errors, Route
from .schemas.conversions import ConversionsBody, ConversionsQuery
from .schemas.health import AlivenessBody, ReadinessBody
from .schemas.trail import ListQuery, SearchBody, TimelineBody, VerificationsBody
from .schemas.verifications import (
    AcceptedBody,
    CheckBody,
    CheckResultBody,
    NumberCheckBody,
    SendBody,
    VerificationBody,
)
from .trail import Search, Timeline
from .verifications import Checks, Verifications

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
_ONE = "/v1/verifications/{verification_id}"


ROUTES = (
    Route(
        "POST",
        "/v1/verifications",
        Verifications,
        scope=KeyScope.SEND,
        name="sendVerification",
        summary="Ask for a code to be sent",
        body=SendBody,
        answer=AcceptedBody,
        status=202,
        raises=(TooSoonError, SealingUnavailableError, *_SEND),
        idempotent=True,
        rechecks_key=True,
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
        rechecks_key=True,
    ),
    Route(
        "GET",
        "/v1/verifications",
        Verifications,
        scope=KeyScope.READ,
        name="listVerifications",
        summary="List verifications, newest first",
        query=ListQuery,
        answer=VerificationsBody,
    ),
    Route(
        "POST",
        "/v1/verifications/search",
        Search,
        scope=KeyScope.READ,
        name="searchVerifications",
        summary="Find the verifications of a number",
        body=SearchBody,
        answer=VerificationsBody,
    ),
    Route(
        "GET",
        f"{_ONE}/timeline",
        Timeline,
        scope=KeyScope.READ,
        name="getTimeline",
        summary="See what happened to a verification",
        answer=TimelineBody,
        raises=(NotFoundError,),
    ),
    Route(
        "GET",
        _ONE,
        Verifications,
        "one",
        scope=KeyScope.READ,
        name="getVerification",
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
        name="checkVerification",
        summary="Check a code",
        body=CheckBody,
        answer=CheckResultBody,
        raises=_CHECK,
        rechecks_key=True,
    ),
    Route(
        "POST",
        f"{_ONE}/resend",
        Verifications,
        "resend",
        scope=KeyScope.SEND,
        name="resendVerification",
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
        name="cancelVerification",
        summary="Cancel",
        answer=VerificationBody,
        raises=(NotFoundError, VerificationEndedError),
    ),
    Route(
        "GET",
        "/v1/conversions",
        ConversionsResource,
        scope=KeyScope.READ,
        name="getConversions",
        summary="See how many codes arrive and are entered",
        query=ConversionsQuery,
        answer=ConversionsBody,
    ),
    *ENTRY_ROUTES,
    *MESSAGE_ROUTES,
    *ENDPOINT_ROUTES,
    *HOOK_ROUTES,
    *ADMIN_ROUTES,
    Route("POST", "/v1/callbacks/{gateway}/{token}", CallbackResource),
    Route("GET", "/v1/callbacks/{gateway}/{token}", CallbackResource),
    Route(
        "GET",
        "/healthz",
        Alive,
        name="isAlive",
        summary="Whether it answers",
        answer=AlivenessBody,
        tag="health",
    ),
    Route(
        "GET",
        "/readyz",
        Ready,
        name="isReady",
        summary="Whether the service can work",
        answer=ReadinessBody,
        raises=(InvalidFieldsError,),
        tag="health",
    ),
    Route("GET", "/metrics", Metrics),
    Route("GET", "/openapi.json", OpenApi),
    Route("GET", "/docs", Docs),
    Route("GET", PROBLEMS_PAGE, Problems),
    Route("GET", "/", Home),
)
