"""The clock that all processes of the service share: the database's, or over SQLite the machine's.

Instants that one process writes are compared by another: leases, due times, deadlines, expiries. They are
all read from one clock, so that no wall clock has to agree with another, and any may be stepped.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Lock

import structlog
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from otp_worker.domain.ports import Clock, utc_now
from otp_worker.store.database import Database
from otp_worker.store.machine_clock import MachineClock

log = structlog.get_logger()

ASK_EVERY_SECONDS = 10.0
LONGEST_ANSWER_SECONDS = 0.5
"""An answer that took longer is not believed, unless there is none yet: nobody knows when it was read."""


def service_clock(db: Database) -> Clock:
    """The clock of the service; over SQLite all processes are on one machine, and agree on its boot clock."""
    return SharedClock(MachineClock(db).ask if db.is_sqlite else lambda: _read(db))


class SharedClock:
    """A clock that is asked now and then; in between the monotonic clock goes on.

    ``ask`` returns the present instant there, or None if there is no answer. Until the first answer this
    machine's clock is used.
    """

    def __init__(
        self,
        ask: Callable[[], datetime | None],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ask = ask
        self._monotonic = monotonic
        self._asking = Lock()
        self._known: tuple[float, datetime] | None = None
        self._ask_again_at = float("-inf")

    def __call__(self) -> datetime:
        """The present instant."""
        if self._monotonic() >= self._ask_again_at and self._asking.acquire(blocking=self._known is None):
            try:
                self._synchronize()
            finally:
                self._asking.release()
        if self._known is None:
            return utc_now()
        at, instant = self._known
        return instant + timedelta(seconds=self._monotonic() - at)

    def _synchronize(self) -> None:
        asked_at = self._monotonic()
        if asked_at < self._ask_again_at:
            return
        instant = self._ask()
        answered_at = self._monotonic()
        self._ask_again_at = answered_at + ASK_EVERY_SECONDS
        took = answered_at - asked_at
        if instant is not None and (self._known is None or took <= LONGEST_ANSWER_SECONDS):
            # It was read somewhere between the question and the answer: half of that is the least wrong.
            self._known = (asked_at + took / 2, instant)


def _read(db: Database) -> datetime | None:
    try:
        with db.read() as connection:
            instant: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
    except SQLAlchemyError as error:
        log.warning("database_clock_not_read", error=type(error).__name__)
        return None
    return instant.astimezone(UTC)
