"""The raw sink's process, as the scenarios use it: set its delay, and see what it took."""

import shlex
import sys
import time
from dataclasses import dataclass
from typing import Any

import requests

from otp_worker.devtools.processes.fleet import Fleet
from otp_worker.devtools.processes.ports import LOOPBACK, free_ports
from otp_worker.domain.errors import OtpError
from otp_worker.service.processes.process import POLL_SECONDS

NAME = "sink"
_READY_SECONDS = 20
_ANSWER_SECONDS = 10


class NotDeliveredError(OtpError):
    """Fewer messages than expected came to the gateway in time."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A message that the sink took; both instants are seconds since the epoch."""

    to: str
    text: str
    arrived_at: float
    answered_at: float


class Sink:
    """The sink among a fleet's processes."""

    def __init__(self, fleet: Fleet) -> None:
        self.port = free_ports(None)[0]
        self.url = f"http://{LOOPBACK}:{self.port}"
        self._session = requests.Session()
        self._session.trust_env = False
        self._fleet = fleet

    def start(self) -> None:
        """Start it and wait until it answers. Raises EndedEarlyError and NotReadyError."""
        self._fleet.start(
            NAME, f"exec {shlex.quote(sys.executable)} -m otp_worker.devtools.bench.sink {self.port}"
        )
        self._fleet.await_ready(NAME, self._answers, _READY_SECONDS)

    def begin(self, delay_seconds: float = 0.0) -> None:
        """Forget what was taken, and let every answer wait that long from now on."""
        self._ask("DELETE", "/taken")
        self._ask("PUT", f"/delay/{delay_seconds}")

    def taken(self) -> list[Taken]:
        """What was taken since the beginning, in the order of the answers."""
        return [Taken(*message) for message in self._ask("GET", "/taken")]

    def await_messages(self, count: int, seconds: float) -> list[Taken]:
        """Wait until that many messages were answered. Raises NotDeliveredError."""
        deadline = time.monotonic() + seconds
        while (found := self._ask("GET", "/count")["count"]) < count:
            self._fleet.check()
            if time.monotonic() > deadline:
                raise NotDeliveredError(f"{found} of {count} messages came within {seconds:.0f} s")
            time.sleep(POLL_SECONDS)
        return self.taken()

    def close(self) -> None:
        """Give back the connection to it."""
        self._session.close()

    def _ask(self, method: str, path: str) -> Any:
        return self._session.request(method, self.url + path, timeout=_ANSWER_SECONDS).json()

    def _answers(self) -> bool:
        try:
            self._ask("GET", "/count")
        except requests.RequestException:
            return False
        return True
