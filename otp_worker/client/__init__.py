"""A typed client for apps: ask for a code, check what the person typed.

    from otp_worker.client import Client

    with Client("https://otp.example.com", key) as otp:
        sent = otp.send("+447400123456", user="user-17")
        signed_in = otp.check(sent.id, typed).valid

``AsyncClient`` has the same methods, to be awaited. Both need httpx and pydantic alone, and nothing else of
this package.
"""

from otp_worker.client.async_client import AsyncClient
from otp_worker.client.conversation import Retry
from otp_worker.client.conversions import Codes, CodesGroup, Conversions
from otp_worker.client.errors import (
    BodyTooLargeError,
    CountryNotAllowedError,
    DatabaseUnavailableError,
    InvalidFieldError,
    InvalidJsonError,
    InvalidRequestError,
    LimitReachedError,
    NoAnswerError,
    NotFoundError,
    NotNowError,
    NumberLockedError,
    NumberReportedError,
    OptedOutError,
    OtpClientError,
    ProblemError,
    RefusedError,
    RequestInFlightError,
    ScopeMissingError,
    SealingUnavailableError,
    SendsPausedError,
    ServiceFaultError,
    SlowBodiesError,
    TemporaryError,
    TooSoonError,
    UnauthenticatedError,
    UnexpectedAnswerError,
    VerificationEndedError,
)
from otp_worker.client.models import (
    Accepted,
    CheckResult,
    Delivery,
    DeliveryStatus,
    FieldError,
    Invitation,
    Invited,
    Left,
    Listed,
    Moment,
    Page,
    Problem,
    Timeline,
    Verification,
    VerificationStatus,
    Wait,
)
from otp_worker.client.sync_client import Client

__all__ = [
    "Accepted",
    "AsyncClient",
    "BodyTooLargeError",
    "CheckResult",
    "Client",
    "Codes",
    "CodesGroup",
    "Conversions",
    "CountryNotAllowedError",
    "DatabaseUnavailableError",
    "Delivery",
    "DeliveryStatus",
    "FieldError",
    "InvalidFieldError",
    "InvalidJsonError",
    "InvalidRequestError",
    "Invitation",
    "Invited",
    "Left",
    "LimitReachedError",
    "Listed",
    "Moment",
    "NoAnswerError",
    "NotFoundError",
    "NotNowError",
    "NumberLockedError",
    "NumberReportedError",
    "OptedOutError",
    "OtpClientError",
    "Page",
    "Problem",
    "ProblemError",
    "RefusedError",
    "RequestInFlightError",
    "Retry",
    "ScopeMissingError",
    "SealingUnavailableError",
    "SendsPausedError",
    "ServiceFaultError",
    "SlowBodiesError",
    "TemporaryError",
    "Timeline",
    "TooSoonError",
    "UnauthenticatedError",
    "UnexpectedAnswerError",
    "Verification",
    "VerificationEndedError",
    "VerificationStatus",
    "Wait",
]
