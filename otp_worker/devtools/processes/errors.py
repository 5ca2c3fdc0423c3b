"""What can go wrong with a process that we started."""

from pathlib import Path

from otp_worker.domain.errors import OtpError


class ProcessError(OtpError):
    """A process did not do its part; carries its name and its log file."""

    def __init__(self, name: str, what: str, log: Path) -> None:
        # All that it is made of, so that a process may tell it to another one.
        super().__init__(name, what, log)
        self.name = name
        self.what = what
        self.log = log

    def __str__(self) -> str:
        return f"{self.name} {self.what}; its log is {self.log}"


class EndedEarlyError(ProcessError):
    """A process ended by itself while it was still needed."""


class NotReadyError(ProcessError):
    """A process lives, but was not ready in time."""


class NoBrokerError(OtpError):
    """The server program of that broker is not on this machine, neither installed nor in a package."""


class NoPostgresError(OtpError):
    """There is no Postgres server on this machine that could be started."""


class NoKannelError(OtpError):
    """Kannel's programs are not on this machine."""


class CommandFailedError(OtpError):
    """A command of ours that had to succeed did not."""
