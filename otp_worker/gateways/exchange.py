"""What bounds one exchange with a gateway, and an answer that is read within it."""

import http.client
import io
import socket
import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any


class NotReachedError(Exception):
    """The request certainly never reached the gateway."""


class NoAnswerError(Exception):
    """The request may have reached the gateway, but no whole answer came back."""


class WithdrawnError(Exception):
    """The request was not wanted any more when it could leave: nothing of it was sent."""


class NoWordError(Exception):
    """Our own word could not be had: nothing was sent, and ``cause`` says nothing about the gateway."""

    def __init__(self, cause: Exception) -> None:
        super().__init__()
        self.cause = cause


@dataclass(slots=True)
class Exchange:
    """What bounds one request with its answer: an instant of the monotonic clock, and our own word.

    ``has_begun`` tells whether its first byte may have left.
    """

    deadline: float
    may_leave: Callable[[], bool]
    has_begun: bool = False

    def seconds_left(self) -> float:
        """The time that is left; none or less once it is over."""
        return self.deadline - time.monotonic()

    def is_wanted(self) -> bool:
        """Whether the request may leave still. Raises NoWordError."""
        try:
            return self.may_leave()
        except Exception as error:
            raise NoWordError(error) from None


EXCHANGE: ContextVar[Exchange] = ContextVar("exchange")
"""The exchange of this thread: a connection, kept or new, serves one after another."""


class _DeadlineReader(io.RawIOBase):
    """A socket's bytes until a deadline: a peer that drips cannot hold the reader longer."""

    def __init__(self, sock: socket.socket, raw: io.RawIOBase) -> None:
        self._sock = sock
        self._raw = raw
        self._exchange = EXCHANGE.get()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._exchange.seconds_left()
        if left <= 0:
            raise TimeoutError("timed out")
        self._sock.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class DeadlineResponse(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        raw = self.fp.detach()
        self.fp = io.BufferedReader(_DeadlineReader(sock, raw))


def short(error: Exception) -> str:
    """What an operator is told of an error."""
    # The message of a requests error quotes the URL and more; its class says enough for an operator.
    return type(error).__name__
