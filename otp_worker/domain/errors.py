"""Everything that can go wrong on purpose, as a tree that can be caught as coarsely as one likes."""

from datetime import datetime


class OtpError(Exception):
    """Any error that otp-worker raises itself."""


class ConfigurationError(OtpError):
    """The environment does not describe a service that can start; names the variable."""


class SchemaNotCurrentError(OtpError):
    """The database's schema is not the one this version works with; names the command to run."""


class DatabaseAwayError(OtpError):
    """The database cannot be worked with; nothing was changed."""


class BrokerAwayError(OtpError):
    """The broker does not answer."""


class InvalidFieldError(OtpError):
    """A value in a request cannot be accepted; names the field and the fix."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(f"{field}: {detail}")
        self.field = field
        self.detail = detail


class CountryNotAllowedError(OtpError):
    """The number belongs to a country that the operator does not send to."""

    def __init__(self, country: str) -> None:
        super().__init__(f"numbers of {country} are not allowed here; the operator's OTP_COUNTRIES decides")
        self.country = country


class ScopeMissingError(OtpError):
    """The API key is valid, and not for this."""


class NotFoundError(OtpError):
    """There is no such verification, or it is another app's."""


class AlreadyOverError(OtpError):
    """The verification has ended; carries the status it ended with."""

    def __init__(self, verification_id: str, status: str) -> None:
        super().__init__(f"this verification is over: {status}")
        self.verification_id = verification_id
        self.status = status


class TooSoonError(OtpError):
    """The request may be repeated, but not before ``retry_at``."""

    def __init__(self, retry_at: datetime) -> None:
        super().__init__(f"not before {retry_at:%Y-%m-%dT%H:%M:%SZ}")
        self.retry_at = retry_at


class NumberLockedError(OtpError):
    """Too many wrong codes for this number; ``retry_at`` is None where only an operator can unlock it."""

    def __init__(self, retry_at: datetime | None) -> None:
        until = f"until {retry_at:%Y-%m-%dT%H:%M:%SZ}" if retry_at else "until an operator unlocks it"
        super().__init__(f"too many wrong codes for this number; it is locked {until}")
        self.retry_at = retry_at


class NumberReportedError(OtpError):
    """The number's person said that somebody else asks for codes; nothing before ``retry_at``."""

    def __init__(self, retry_at: datetime) -> None:
        super().__init__(
            "the person of this number says that somebody else asks for codes; "
            f"not before {retry_at:%Y-%m-%dT%H:%M:%SZ}"
        )
        self.retry_at = retry_at


class OptedOutError(OtpError):
    """The number's person wants no SMS; only their START, or the operator, changes that."""

    def __init__(self) -> None:
        super().__init__(
            "the person of this number texted STOP; they can text START, and use another way now"
        )


class RequestInFlightError(OtpError):
    """The same request, by its Idempotency-Key, is being answered at this moment."""


class UnauthenticatedError(OtpError):
    """The caller did not show who they are: a missing, wrong or revoked key, token or signature."""
