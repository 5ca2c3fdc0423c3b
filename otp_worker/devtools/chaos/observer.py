"""Who watches the database while a run lasts, and notes by the run's own clock what is seen there."""

import threading
from contextlib import closing
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from sqlalchemy import Connection, select
from sqlalchemy.exc import SQLAlchemyError

from otp_worker.devtools.chaos.records import Sightings
from otp_worker.devtools.processes.stack import answers
from otp_worker.domain.verification import DeliveryStatus, VerificationStatus
from otp_worker.store.database import Database
from otp_worker.store.schema import deliveries, sweeps, verifications

LOOK_SECONDS = 1.0


class Observer:
    """Looks once a second, on threads of its own; ``seen`` is what it saw so far."""

    def __init__(self, database_url: str, ready_url: str) -> None:
        self.seen = Sightings()
        self._ready_url = ready_url
        self._url = database_url
        self._swept: object = None
        self._stopping = threading.Event()
        # Two of them: a database that hangs must not keep anybody from asking whether that is noticed.
        self._threads = [
            threading.Thread(target=watch, name="observer", daemon=True)
            for watch in (self._watch_database, self._watch_readiness)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        self.seen.swept.append(datetime.now(UTC))

    def look(self, connection: Connection, now: datetime) -> None:
        """Note what has changed since the last look."""
        swept = sorted(connection.execute(select(sweeps.c.name, sweeps.c.swept_at)).all())
        if swept != self._swept:
            self._swept = swept
            self.seen.swept.append(now)
        for table, ended in (
            (deliveries, DeliveryStatus.EXPIRED),
            (verifications, VerificationStatus.EXPIRED),
        ):
            for row_id in connection.execute(select(table.c.id).where(table.c.status == ended)).scalars():
                self.seen.expired.setdefault(row_id, now)

    def _watch_readiness(self) -> None:
        while not self._stopping.wait(LOOK_SECONDS):
            ready = answers(self._ready_url)
            self.seen.ready.append((datetime.now(UTC), ready))

    def _watch_database(self) -> None:
        with closing(Database(self._url, pool_size=1)) as db:
            while not self._stopping.wait(LOOK_SECONDS):
                try:
                    with db.read() as connection:
                        self.look(connection, datetime.now(UTC))
                except SQLAlchemyError:
                    # A fault of the database's: the next look tells.
                    continue
