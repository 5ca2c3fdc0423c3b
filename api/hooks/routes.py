"""The call of ``/v1/hooks``, for systems that have no API key: each shows the secret of its hook."""

from otp_worker.domain.errors import (
    CountryNotAllowedError,
    DatabaseUnavailableError,
    NotFoundError,
    NumberReportedError,
    OptedOutError,
    RateLimitExceededError,
    RequestInFlightError,
    SendsPausedError,
    UnauthenticatedError,
)
from otp_worker.domain.sealing import SealingUnavailableError

from ..route import Route
from ..schemas.hooks import HookAnswerBody, HookBody
from .resource import HookResource

HOOK_ROUTES = (
    Route(
        "POST",
        "/v1/hooks/{hook}",
        HookResource,
        name="callHook",
        summary="Have a text of another system sent",
        body=HookBody,
        answer=HookAnswerBody,
        raises=(
            UnauthenticatedError,
            NotFoundError,
            OptedOutError,
            CountryNotAllowedError,
            RateLimitExceededError,
            SendsPausedError,
            NumberReportedError,
            RequestInFlightError,
            SealingUnavailableError,
            DatabaseUnavailableError,
        ),
        plain_errors=True,
        tag="hooks",
    ),
)
