"""The address that a server listens on: of this machine, free, and its alone.

A server with SO_REUSEPORT, as Granian is, shares its port with any other of the same user, and the kernel
would give each a part of the requests.
"""

import errno
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from otp_worker.domain.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Listening:
    """Where a server is to listen, and what sets that: ``set_by`` such as ``PORT or --port``."""

    host: str
    port: int
    set_by: str

    def check(self) -> None:
        """Raise ConfigurationError where nothing can listen there now."""
        if self.port:
            self._bind()

    def hold(self) -> None:
        """Check, and keep every other process that asks here away, as long as this one lives.

        That goes on in the program that this process becomes. Raises ConfigurationError.
        """
        if not self.port:
            return
        lock = claim(f"listens/{self.host}:{self.port}")
        if lock is None:
            raise self._taken()
        try:
            self._bind()
        except ConfigurationError:
            lock.close()
            raise
        lock.set_inheritable(True)
        lock.detach()

    def _bind(self) -> None:
        try:
            [family, kind, *_, address], *_ = socket.getaddrinfo(
                self.host, self.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )
            with socket.socket(family, kind) as probe:
                # A port whose last connections are in TIME_WAIT is free; one that is listened on is not.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
        except OSError as error:
            raise self._refusal(error) from None

    def _refusal(self, error: OSError) -> ConfigurationError:
        if error.errno == errno.EADDRINUSE:
            return self._taken()
        if error.errno == errno.EACCES:
            return ConfigurationError(
                f"{self.set_by}: port {self.port} is for root alone; choose one above 1023"
            )
        return ConfigurationError(f"{self.set_by}: {self.host} is no address of this machine")

    def _taken(self) -> ConfigurationError:
        return ConfigurationError(
            f"{self.set_by}: port {self.port} of {self.host} is taken by another program;"
            " end that one, or choose another port"
        )


LOOPBACK = "127.0.0.1"
_VARIABLES = {
    "web": ("HOST", "PORT", "8000"),
    "console": ("CONSOLE_HOST", "CONSOLE_PORT", "5556"),
    "flower": ("FLOWER_HOST", "FLOWER_PORT", "5555"),
}
"""What says where each server listens, and on which port if nothing does."""


def listening(process: str, environment: Mapping[str, str]) -> Listening | None:
    """Where a process of the Procfile listens in that environment; None for one that is no server.

    Raises ConfigurationError.
    """
    if process not in _VARIABLES:
        return None
    host, port, usual = _VARIABLES[process]
    told = environment.get(port, usual)
    if not (told.isdecimal() and int(told) <= 65_535):
        raise ConfigurationError(f"{port}: {told!r} is no port; give a number up to 65535")
    return Listening(environment.get(host, LOOPBACK), int(told), port)


def claim(name: str) -> socket.socket | None:
    """A lock of this name on this machine, held until the socket is closed; None where another holds it.

    It is an abstract socket, which lives in the network namespace as ports do, and leaves nothing behind.
    Where the system has none of these, nobody is kept away.
    """
    lock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    if sys.platform == "linux":
        try:
            lock.bind(f"\0otp-worker/{name}")
        except OSError:
            lock.close()
            return None
    return lock
