"""What was refused and why, counted for an operator who watches a flood."""

import time
from collections import Counter
from threading import Lock

import structlog
from sqlalchemy.exc import SQLAlchemyError

from otp_worker.domain.errors import (
    CountryNotAllowedError,
    NumberLockedError,
    NumberReportedError,
    OptedOutError,
    OtpError,
    ScopeMissingError,
    TooSoonError,
    UnauthenticatedError,
)
from otp_worker.domain.limits import Limit, LimitReachedError
from otp_worker.protection.pumping_guard import SendsPausedError
from otp_worker.store import counters
from otp_worker.store.database import Database

log = structlog.get_logger()

STORE_SECONDS = 1.0
"""A flood of refusals is one statement in this time, whatever their number."""

_KINDS: dict[type[OtpError], str] = {
    NumberLockedError: "number_locked",
    NumberReportedError: "number_reported",
    OptedOutError: "opted_out",
    TooSoonError: "too_soon",
    SendsPausedError: "paused",
    CountryNotAllowedError: "country",
    ScopeMissingError: "scope",
    UnauthenticatedError: "unauthenticated",
}
REASONS = (*(f"limit_{limit}" for limit in Limit), *_KINDS.values())
_NAME = "refused_{}"


class Refusals:
    """Counts refusals in this process, and adds them to the database's counters at most once a second.

    What cannot be stored is kept for later, and what is not stored when the process ends is lost.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._unstored: Counter[str] = Counter()
        self._counting = Lock()
        self._storing = Lock()
        self._store_at = float("-inf")

    def count(self, error: OtpError) -> None:
        """Count what was refused with ``error``; never fails."""
        reason = f"limit_{error.limit}" if isinstance(error, LimitReachedError) else _KINDS[type(error)]
        with self._counting:
            self._unstored[_NAME.format(reason)] += 1
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
        except SQLAlchemyError as error:
            log.warning("refusals_not_stored", error=type(error).__name__)
            with self._counting:
                self._unstored.update(counts)
        self._store_at = time.monotonic() + STORE_SECONDS
