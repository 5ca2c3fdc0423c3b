"""The clock that the processes of one machine agree on, over SQLite: its boot clock, and when that began.

A machine's wall clock is stepped: by NTP after a start without a battery, by hand, by a host that wakes up.
Each step would end codes, leases and pauses early or late. The boot clock never is, and all processes of a
machine read the same one (CLOCK_BOOTTIME of Linux). What the wall clock was at boot is agreed on once, in the
database.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from otp_worker.store.database import Database
from otp_worker.store.schema import machine_clock

log = structlog.get_logger()

BELIEVED_AFTER = timedelta(minutes=1)
"""A wall clock that was stepped is followed once it has said the same for so long."""
SAME = timedelta(seconds=1)
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_c = machine_clock.c


def boot_seconds() -> float:
    """The seconds since this machine was started, its sleep included."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@dataclass(slots=True)
class MachineClock:
    """Asks the database what was agreed, and follows a wall clock that stays apart from it."""

    db: Database
    since_boot: Callable[[], float] = boot_seconds
    _apart: timedelta | None = None
    _apart_since: float = 0.0
    _began: bool = False

    def ask(self) -> datetime | None:
        """The present instant; None where nothing can be agreed on, and this process's clock is as good."""
        try:
            boot_id = _BOOT_ID.read_text().strip()
            own = datetime.now(UTC) - timedelta(seconds=self.since_boot())
            booted_at = self._agreed(boot_id, own)
        except (OSError, SQLAlchemyError) as error:
            log.warning("machine_clock_not_read", error=type(error).__name__)
            return None
        return booted_at + timedelta(seconds=self.since_boot())

    def _agreed(self, boot_id: str, own: datetime) -> datetime:
        """When the machine was started, by the word of all its processes."""
        found = self._find(boot_id)
        if found is None:
            if self._began:
                # Only another machine replaces what this one wrote after its start.
                log.error("database_used_by_another_machine")
            found = self._begin(boot_id, own)
        self._began = True
        if self._is_to_be_followed(own - found):
            log.warning("machine_clock_stepped", seconds=round((own - found).total_seconds(), 3))
            with self.db.update() as connection:
                followed = update(machine_clock).where(_c.boot_id == boot_id, _c.booted_at == found)
                connection.execute(followed.values(booted_at=own))
            found = self._find(boot_id) or own
        return found

    def _find(self, boot_id: str) -> datetime | None:
        with self.db.read() as connection:
            return connection.execute(select(_c.booted_at).where(_c.boot_id == boot_id)).scalar()

    def _begin(self, boot_id: str, own: datetime) -> datetime:
        """Write down the first word after a start of the machine, unless another process was first."""
        with self.db.write() as connection:
            said: datetime | None = connection.execute(
                select(_c.booted_at).where(_c.boot_id == boot_id)
            ).scalar()
            if said is None:
                connection.execute(delete(machine_clock))
                connection.execute(insert(machine_clock).values(boot_id=boot_id, booted_at=own))
        return said or own

    def _is_to_be_followed(self, apart: timedelta) -> bool:
        now = self.since_boot()
        if abs(apart) <= SAME:
            self._apart = None
        elif self._apart is None or abs(apart - self._apart) > SAME:
            self._apart, self._apart_since = apart, now
        return self._apart is not None and now - self._apart_since >= BELIEVED_AFTER.total_seconds()
