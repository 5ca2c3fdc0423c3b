"""One HTTP request to a gateway, bounded in time and size, that follows no redirect.

What a failure means is decided by its phase: until the connection stands, its TLS handshake included, the
gateway was not reached; from the first byte of the request on, nobody knows what became of it.
"""

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from otp_worker.gateways.exchange import (
    EXCHANGE,
    Exchange,
    NoAnswerError,
    NotReachedError,
    NoWordError,
    WithdrawnError,
    short,
)

if TYPE_CHECKING:
    import requests

MAX_ANSWER_BYTES = 64 * 1024


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
        self._public_only = public_only

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
            raise kind(short(error)) from None
        finally:
            EXCHANGE.reset(under_way)
        if len(answer) > MAX_ANSWER_BYTES:
            return Answer(response.status_code, response.headers, None)
        text = answer.decode(errors="replace")
        return Answer(response.status_code, response.headers, _json_object(answer), text)

    def _session(self) -> "requests.Session":
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            # Not sooner: every process knows the gateways, and only a worker asks them.
            from otp_worker.gateways.http.session import bounded_session

            session = self._local.session = bounded_session(public_only=self._public_only)
        return session


def _json_object(body: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
