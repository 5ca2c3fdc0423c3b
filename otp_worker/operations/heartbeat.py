"""A worker's heartbeat: it writes down that it lives, and is missed even while nothing is to be sent."""

import threading
from collections.abc import Sequence

import structlog

from otp_worker.store import seal_keys, sweeps
from otp_worker.store.connection_errors import DatabaseError
from otp_worker.store.database import Database

log = structlog.get_logger()

WORKER = "worker"
EVERY_SECONDS = 15.0


class Heartbeat:
    """Beats in a thread of its own from ``start`` to ``stop``: a database that hangs holds up no delivery.

    ``seal_key_ids`` are the keys that this worker opens what is sealed with.
    """

    def __init__(self, db: Database, seal_key_ids: Sequence[str] = ()) -> None:
        self._db = db
        self._seal_key_ids = seal_key_ids
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Beat now, and every fifteen seconds."""
        self._thread.start()

    def stop(self) -> None:
        """Beat no more."""
        self._stopping.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                sweeps.record_sweep(self._db, WORKER, self._db.now())
                seal_keys.announce(self._db, self._seal_key_ids, self._db.now())
            except DatabaseError as error:
                log.warning("heartbeat_not_written", error=type(error).__name__)
            self._stopping.wait(EVERY_SECONDS)
