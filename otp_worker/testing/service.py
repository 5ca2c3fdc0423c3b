"""The real service for one test session."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from otp_worker.client import Client
from otp_worker.devtools.processes.stack import running_stack
from otp_worker.testing.phone import Phone

COUNTRIES = "GB,US,DE,FR,ES"
NOT_NEEDED = {"flower": 0, "console": 0}
GRACE_SECONDS = 1


@dataclass(frozen=True)
class Service:
    """Where the service is, how an app gets in, the phone, and the folder of the processes' logs."""

    url: str
    key: str
    phone: Phone
    logs: Path

    @property
    def environment(self) -> dict[str, str]:
        """What an app is configured by: OTP_URL and OTP_KEY."""
        return {"OTP_URL": self.url, "OTP_KEY": self.key}

    def client(self) -> Client:
        """A client with the key; close it, or use it in a ``with`` block."""
        return Client(self.url, self.key)


@contextmanager
def running_service(folder: Path, settings: Mapping[str, str]) -> Iterator[Service]:
    """The service's processes, its broker and the phone; at the end each is ended by its process id.

    ``settings`` are OTP_ variables on top of those of a rehearsal: limits so wide that a suite meets none,
    and the countries GB, US, DE, FR and ES. Raises ProcessError with the log of what did not start.
    """
    plan = {"OTP_COUNTRIES": COUNTRIES, **settings}
    with running_stack(folder, f"sqlite:///{folder}/otp.db", settings=plan, copies=NOT_NEEDED) as stack:
        yield Service(stack.url, stack.api_key, Phone(stack.phone), stack.fleet.logs)
        # What a worker waits for is of no use to anybody now.
        stack.fleet.stop(*stack.lines, grace_seconds=GRACE_SECONDS)
