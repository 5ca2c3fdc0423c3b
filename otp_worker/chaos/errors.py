"""Why a chaos run could not be made."""

from otp_worker.errors import OtpError


class NotInstalledError(OtpError):
    """A server that was asked for is not there to be started."""
