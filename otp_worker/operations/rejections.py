"""What was refused and why, counted for an operator who watches a flood."""

import time
from collections import Counter
from collections.abc import Iterator
from threading import Lock

import structlog

from otp_worker.domain.errors import RequestError
from otp_worker.domain.limits import Limit
from otp_worker.store import counters
from otp_worker.store.database import DATABASE_ERRORS, Database

log = structlog.get_logger()

STORE_SECONDS = 1.0
"""A flood of refusals is one statement in this time, whatever their number."""


def _kinds(error: type[RequestError]) -> Iterator[type[RequestError]]:
    yield error
    for kind in error.__subclasses__():
        yield from _kinds(kind)


REASONS = (
    *(f"limit_{limit}" for limit in Limit),
    *sorted(error.rejection for error in _kinds(RequestError) if error.rejection),
)
_NAME = "refused_{}"


class Rejections:
    """Counts refusals in this process, and adds them to the database's counters at most once a second.

    What cannot be stored is kept for later, and what is not stored when the process ends is lost.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._unstored: Counter[str] = Counter()
        self._counting = Lock()
        self._storing = Lock()
        self._store_at = float("-inf")

    def count(self, error: RequestError) -> None:
        """Count a request that was rejected with ``error``, if its kind is counted; never fails."""
        if error.rejection is None:
            return
        with self._counting:
            self._unstored[_NAME.format(error.rejection)] += 1
        if time.monotonic() >= self._store_at and self._storing.acquire(blocking=False):
            try:
                self._store()
            finally:
                self._storing.release()

    def totals(self) -> dict[str, int]:
        """How often each reason refused something, in all processes and since the first of them."""
        # Stored first, rather than added to the answer: processes answer Prometheus in turns, and what only
        # one of them knows would make the total fall again, which Prometheus takes for a start from 0.
        with self._storing:
            self._store()
        counted = counters.read(self._db, [_NAME.format(reason) for reason in REASONS])
        return {reason: counted[_NAME.format(reason)] for reason in REASONS}

    def _store(self) -> None:
        with self._counting:
            counts, self._unstored = self._unstored, Counter()
        try:
            if counts:
                counters.add(self._db, counts)
        except DATABASE_ERRORS as error:
            log.warning("refusals_not_stored", error=type(error).__name__)
            with self._counting:
                self._unstored.update(counts)
        self._store_at = time.monotonic() + STORE_SECONDS
