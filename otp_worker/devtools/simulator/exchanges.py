"""The last requests to the gateway: what each asked, how it was answered, and how long that took."""

import itertools
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from .exchange import Answer, Manner, Request
from .schedule import Waiting

KEPT = 20
_WHY = {
    Manner.WHOLE: "answers are slow",
    Manner.DRIPPED: "the answer drips",
    Manner.HUNG: "no answer comes until the app gives up",
}


@dataclass
class Exchange:
    """One request to the gateway. `status` is None while it is open, and for good where no answer left.

    `ms` is how long it took until the answer had left, or the connection was closed; None while it is open.
    `until` is when the answer will have left, where that is known. The path has no query: numbers are in it.
    """

    id: int
    method: str
    path: str
    started_at: datetime
    manner: Manner = Manner.WHOLE
    status: int | None = None
    ms: float | None = None
    until: datetime | None = None


class Exchanges:
    """Keeps the newest 20 that `keeps` wants, and all that are open; safe to use from many threads."""

    def __init__(
        self,
        clock: Callable[[], datetime],
        keeps: Callable[[Request], bool],
        changed: Callable[[Exchange], None] = lambda _: None,
    ) -> None:
        self._clock = clock
        self._keeps = keeps
        self._tell = changed
        self._lock = Lock()
        self._ids = itertools.count(1)
        self._newest: deque[Exchange] = deque(maxlen=KEPT)
        self._open: dict[int, Exchange] = {}

    @contextmanager
    def watching(self, request: Request) -> Iterator[Callable[[Answer, float], None]]:
        """Watch one request until its answer has left; call what is given with the answer before that.

        Its second argument is how many seconds the answer will take to leave.
        """
        exchange = Exchange(next(self._ids), request.method, request.path, self._clock())
        kept = self._keeps(request)
        if kept:
            self._begin(exchange)
        started = time.monotonic()
        answered: Answer | None = None

        def answering(answer: Answer, seconds: float) -> None:
            nonlocal answered
            answered = answer
            exchange.manner = answer.manner
            if seconds:
                exchange.until = exchange.started_at + timedelta(seconds=seconds)
            if kept and (seconds or answer.manner is Manner.HUNG):
                self._tell(exchange)

        try:
            yield answering
        finally:
            exchange.ms = (time.monotonic() - started) * 1000
            if answered is not None and answered.manner in (Manner.WHOLE, Manner.DRIPPED):
                exchange.status = answered.status
            if kept:
                self._end(exchange)

    def newest(self, limit: int = KEPT) -> list[Exchange]:
        """The newest so many, oldest first."""
        with self._lock:
            return list(self._newest)[-limit:] if limit else []

    def waiting(self) -> list[Waiting]:
        """The answers that are on their way or held back."""
        with self._lock:
            held = [each for each in self._open.values() if each.until or each.manner is Manner.HUNG]
        return [
            Waiting("answer", "", f"{each.method} {each.path}", _WHY[each.manner], each.until)
            for each in held
        ]

    def _begin(self, exchange: Exchange) -> None:
        with self._lock:
            self._newest.append(exchange)
            self._open[exchange.id] = exchange
        self._tell(exchange)

    def _end(self, exchange: Exchange) -> None:
        with self._lock:
            self._open.pop(exchange.id, None)
        self._tell(exchange)
