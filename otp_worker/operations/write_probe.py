"""Whether the database can be written: tried for readiness, seldom and never for long."""

import threading
import time
from collections.abc import Callable

from otp_worker.domain.errors import DatabaseUnavailableError, SchemaNotCurrentError
from otp_worker.store import sweeps
from otp_worker.store.connection_errors import DatabaseError, write_cause_of
from otp_worker.store.database import Database
from otp_worker.store.schema_state import check_current

WROTE = "readiness"
TRY_EVERY_SECONDS = 5.0
DOUBTED_EVERY_SECONDS = 1.0
"""While requests fail for the database's sake, what was found a moment ago is no answer."""
WAIT_SECONDS = 2.0


class WriteProbe:
    """Writes one row every five seconds at most, however often it is asked, and waits two at most.

    While requests fail it writes one a second at most.
    """

    def __init__(self, db: Database, clock: Callable[[], float] = time.monotonic) -> None:
        self._db = db
        self._clock = clock
        self._lock = threading.Lock()
        self._began_at = float("-inf")
        self._is_doubted = False
        self._ended = threading.Event()
        self._ended.set()
        self._failure: str | None = None

    def doubt(self) -> None:
        """Say that a request has just failed because of the database, so that what was found is doubtful."""
        self._is_doubted = True

    def failure(self) -> str | None:
        """Why the database cannot be written, for people; None if it can."""
        with self._lock:
            every = DOUBTED_EVERY_SECONDS if self._is_doubted else TRY_EVERY_SECONDS
            if self._ended.is_set() and self._clock() - self._began_at >= every:
                self._began_at = self._clock()
                self._is_doubted = False
                self._ended.clear()
                threading.Thread(target=self._try, daemon=True).start()
            waits_until = self._began_at + WAIT_SECONDS
        # Who asks while a try hangs waits no longer than the one who began it.
        if self._ended.wait(max(waits_until - self._clock(), 0)):
            return self._failure
        return f"does not take a row within {WAIT_SECONDS:g} s"

    def _try(self) -> None:
        try:
            check_current(self._db)
            sweeps.record_sweep(self._db, WROTE, self._db.now())
            self._failure = None
        except SchemaNotCurrentError as error:
            self._failure = str(error)
        except DatabaseUnavailableError as error:
            self._failure = str(error).partition(": ")[2]
        except DatabaseError as error:
            self._failure = f"cannot be written: {write_cause_of(error)}"
        finally:
            self._ended.set()
