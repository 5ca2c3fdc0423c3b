"""How long HTTP requests took, by route and status, in all processes together."""

import time
from threading import Lock, Thread

import structlog

from otp_worker.domain.tally import Counted, Tally, timed
from otp_worker.store import tallies
from otp_worker.store.database import DATABASE_ERRORS, Database
from otp_worker.store.tallies import Total

log = structlog.get_logger()

STORE_SECONDS = 1.0
"""However many requests there are, a process stores them once in this time."""


class RequestTimes:
    """Counts requests in this process, and adds them to the database's tallies once in ``store_seconds``.

    No request waits for that: it is done beside them. What cannot be stored is kept for later, and what is
    not stored when the process ends is lost.
    """

    def __init__(self, db: Database, store_seconds: float = STORE_SECONDS) -> None:
        self._db = db
        self._store_seconds = store_seconds
        self._unstored: dict[Tally, Total] = {}
        self._counting = Lock()
        self._storing = Lock()
        self._store_at = time.monotonic() + store_seconds

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request; never fails, and asks nothing of the database itself."""
        count = timed(Counted.HTTP_REQUEST, round(seconds * 1000), method, route, str(status))
        with self._counting:
            self._add({count.tally: Total(1, count.milliseconds)})
        if time.monotonic() >= self._store_at and self._storing.acquire(blocking=False):
            self._store_at = time.monotonic() + self._store_seconds
            try:
                Thread(target=self._store_and_release, name="request_times", daemon=True).start()
            except RuntimeError:
                # Without a thread to be had they are stored with a later request.
                self._storing.release()

    def store(self) -> None:
        """Store what was counted so far, so that every process knows it; never fails."""
        with self._storing:
            self._store()

    def _store_and_release(self) -> None:
        try:
            self._store()
        finally:
            self._storing.release()

    def _store(self) -> None:
        with self._counting:
            counted, self._unstored = self._unstored, {}
        if not counted:
            return
        try:
            with self._db.write() as connection:
                tallies.add(connection, tallies.for_ever(counted))
        except DATABASE_ERRORS as error:
            log.warning("request_times_not_stored", error=type(error).__name__)
            with self._counting:
                self._add(counted)

    def _add(self, counted: dict[Tally, Total]) -> None:
        for tally, more in counted.items():
            known = self._unstored.get(tally, Total())
            self._unstored[tally] = known.plus(more.count, more.milliseconds)
