"""One HTTP request to a gateway, bounded in time and size, that follows no redirect.

What a failure means is decided by its phase: until the connection stands, its TLS handshake included, the
gateway was not reached; from the first byte of the request on, nobody knows what became of it.
"""

import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import requests
import urllib3.connection
from requests.adapters import HTTPAdapter
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from otp_worker.domain.ip_address import is_public
from otp_worker.gateways.exchange import EXCHANGE, DeadlineResponse, Exchange, NoWordError

CONNECT_SECONDS = 3.0
MAX_ANSWER_BYTES = 64 * 1024

# urllib3 logs whole URLs, in which a gateway may want its password, the number and the text.
logging.getLogger("urllib3").setLevel(logging.ERROR)


class NotReachedError(Exception):
    """The request certainly never reached the gateway."""


class NoAnswerError(Exception):
    """The request may have reached the gateway, but no whole answer came back."""


class WithdrawnError(Exception):
    """The request was not wanted any more when it could leave: nothing of it was sent."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer; ``body`` is None where it is not a JSON object, ``text`` empty where it is too long."""

    status: int
    headers: Mapping[str, str]
    body: dict[str, Any] | None
    text: str = ""

    @property
    def retry_after_seconds(self) -> float:
        """The Retry-After header (RFC 9110, 10.2.3) in seconds; 0 where there is none that can be read.

        A date is counted from the answer's own date: the gateway's clock may differ from ours.
        """
        value = self.headers.get("Retry-After", "").strip()
        if value.isascii() and value.isdigit():
            return float(value)
        until = _http_date(value)
        since = _http_date(self.headers.get("Date", "")) or datetime.now(UTC)
        return max((until - since).total_seconds(), 0.0) if until else 0.0


def _http_date(value: str) -> datetime | None:
    try:
        read = parsedate_to_datetime(value)
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read
    except (ValueError, OverflowError):
        return None


class BoundedClient:
    """Sessions, one per thread, that never wait longer than they are told.

    With ``public_only`` no request is sent to an address that is not on the public internet.
    """

    def __init__(self, *, public_only: bool = False) -> None:
        self._local = threading.local()
        self._adapter = _PublicAdapter if public_only else _BoundedAdapter

    def post(
        self,
        url: str,
        body: bytes,
        headers: Mapping[str, str],
        seconds: float,
        may_leave: Callable[[], bool] = lambda: True,
    ) -> Answer:
        """POST a JSON body; the whole answer must be there within ``seconds``.

        ``may_leave`` is asked when the connection stands, right before the first byte of the request.
        Raises NotReachedError, WithdrawnError, NoAnswerError, or what ``may_leave`` raises.
        """
        headers = {"Content-Type": "application/json", **headers}
        return self._ask("POST", url, body, headers, Exchange(time.monotonic() + seconds, may_leave))

    def get(
        self,
        url: str,
        headers: Mapping[str, str],
        seconds: float,
        may_leave: Callable[[], bool] = lambda: True,
    ) -> Answer:
        """GET; everything else is as for ``post``."""
        return self._ask("GET", url, None, headers, Exchange(time.monotonic() + seconds, may_leave))

    def _ask(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str], exchange: Exchange
    ) -> Answer:
        under_way = EXCHANGE.set(exchange)
        try:
            with self._session().request(
                method, url, data=body, headers=headers, allow_redirects=False, stream=True
            ) as response:
                answer = response.raw.read(MAX_ANSWER_BYTES + 1, decode_content=True)
        except (NotReachedError, WithdrawnError):
            raise
        except NoWordError as error:
            raise error.cause from error.cause.__cause__
        except Exception as error:
            # Whatever it is, its words may be the URL or the answer.
            kind = NoAnswerError if exchange.has_begun else NotReachedError
            raise kind(_short(error)) from None
        finally:
            EXCHANGE.reset(under_way)
        if len(answer) > MAX_ANSWER_BYTES:
            return Answer(response.status_code, response.headers, None)
        text = answer.decode(errors="replace")
        return Answer(response.status_code, response.headers, _json_object(answer), text)

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = _Session()
            session.trust_env = False
            session.mount("http://", self._adapter())
            session.mount("https://", self._adapter())
        return session


class _Session(requests.Session):
    def resolve_redirects(self, *_: Any, **__: Any) -> Iterator[Any]:
        """None: even where it follows none, requests would decode Location and read the body to its end."""
        return iter(())


class _HTTPConnection(urllib3.connection.HTTPConnection):
    response_class = DeadlineResponse

    def connect(self) -> None:
        """Resolve the name, connect, and shake hands where it is TLS: all of it, or NotReachedError."""
        self.timeout = min(CONNECT_SECONDS, _seconds_left())
        try:
            super().connect()
        except Exception as error:
            raise NotReachedError(_short(error)) from None

    def request(self, *args: Any, **kwargs: Any) -> None:
        """Ask once more whether the request may leave when nothing but its first byte is missing.

        A name look-up has no time-out, and whoever waited for it may have been overtaken.
        """
        if self.sock is None:
            self.connect()
        if not EXCHANGE.get().is_wanted():
            raise WithdrawnError
        self.timeout = _seconds_left()
        super().request(*args, **kwargs)

    def send(self, data: Any) -> None:
        """Write a part of the request: from here on nobody knows what became of it."""
        EXCHANGE.get().has_begun = True
        super().send(data)


class _HTTPSConnection(_HTTPConnection, urllib3.connection.HTTPSConnection):
    pass


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _HTTPConnection


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _HTTPSConnection


class _BoundedAdapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}


class _PublicHTTPConnection(_HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _public(self, super()._new_conn())


class _PublicHTTPSConnection(_HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _public(self, super()._new_conn())


class _PublicHTTPPool(_HTTPPool):
    ConnectionCls = _PublicHTTPConnection


class _PublicHTTPSPool(_HTTPSPool):
    ConnectionCls = _PublicHTTPSConnection


class _PublicAdapter(_BoundedAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _PublicHTTPPool, "https": _PublicHTTPSPool}


def _public(connection: urllib3.connection.HTTPConnection, sock: socket.socket) -> socket.socket:
    # Judged by the peer itself, before a byte is sent: a name may resolve to another address each time.
    if not is_public(sock.getpeername()[0]):
        sock.close()
        raise urllib3.exceptions.NewConnectionError(connection, "not an address on the public internet")
    return sock


def _seconds_left() -> float:
    left = EXCHANGE.get().seconds_left()
    if left <= 0:
        raise NotReachedError("no time left")
    return left


def _short(error: Exception) -> str:
    # The message of a requests error quotes the URL and more; its class says enough for an operator.
    return type(error).__name__


def _json_object(body: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
