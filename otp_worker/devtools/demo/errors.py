"""How a demo fails."""

from pathlib import Path

from otp_worker.domain.errors import OtpError


class HopError(OtpError):
    """A hop had an answer, and not the one it needs."""


class DemoFailedError(OtpError):
    """A hop failed; carries its name, the reason, and the log to read."""

    def __init__(self, hop: str, reason: str, log: Path) -> None:
        super().__init__(f"{hop}: {reason}")
        self.hop = hop
        self.reason = reason
        self.log = log
