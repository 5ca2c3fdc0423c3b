"""Sessions of ``requests`` whose every step is bounded by the exchange in hand: see ``client``."""

import logging
import socket
from collections.abc import Iterator
from typing import Any

import requests
import urllib3.connection
from requests.adapters import HTTPAdapter
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from otp_worker.domain.ip_address import is_public
from otp_worker.gateways.exchange import EXCHANGE, DeadlineResponse, NotReachedError, WithdrawnError, short

CONNECT_SECONDS = 3.0

# urllib3 logs whole URLs, in which a gateway may want its password, the number and the text.
logging.getLogger("urllib3").setLevel(logging.ERROR)


def bounded_session(*, public_only: bool) -> requests.Session:
    """A session for one thread; with ``public_only`` it reaches no address that is not public."""
    adapter = _PublicAdapter if public_only else _BoundedAdapter
    session = _Session()
    session.trust_env = False
    session.mount("http://", adapter())
    session.mount("https://", adapter())
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
            raise NotReachedError(short(error)) from None

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
