"""What can go wrong with the processes that the service starts."""

from otp_worker.domain.errors import OtpError


class BusyError(OtpError):
    """Another process holds the lock; carries what the holder wrote about itself."""

    def __init__(self, holder: str) -> None:
        super().__init__(f"held by {holder}")
        self.holder = holder
