"""How long to wait for processes to be ready: as long as they get on with it, and never for ever."""

import os
import time
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

LONGEST = 4
"""How many times its seconds a wait may take in all."""
_WORKING_SHARE = 0.05
"""What a process that starts uses of a core at least, even beside many others; one that idles uses less."""
_MEASURE_SECONDS = 1
_TICKS = os.sysconf("SC_CLK_TCK")


class Patience:
    """Lasts until processes have idled for ``seconds``, or LONGEST times as long in all."""

    def __init__(self, sessions: Collection[int], seconds: float) -> None:
        """``sessions`` are the session ids of the processes, as in setsid(2)."""
        self._sessions = frozenset(sessions)
        self._seconds = seconds
        self._began_at = self._worked_at = self._measured_at = time.monotonic()
        self._used = cpu_seconds(self._sessions)

    @property
    def waited(self) -> float:
        """Seconds since its beginning."""
        return time.monotonic() - self._began_at

    def over(self) -> str | None:
        """Why not to wait any longer, as the end of a sentence; None while there is hope."""
        now = time.monotonic()
        if now - self._measured_at >= _MEASURE_SECONDS:
            self._measured_at = now
            self._measure(now)
        if now - self._began_at >= self._seconds * LONGEST:
            return f"was not ready within {self._seconds * LONGEST:.0f} s, though it went on working"
        if now - self._worked_at >= self._seconds:
            return f"was not ready, and nothing got on for {self._seconds:.0f} s"
        return None

    def _measure(self, now: float) -> None:
        used = cpu_seconds(self._sessions)
        # One of them that ended took its seconds along.
        if used < self._used or used - self._used >= self._seconds * _WORKING_SHARE:
            self._used, self._worked_at = used, now


def cpu_seconds(sessions: Collection[int]) -> float:
    """What all processes of these sessions have used, their ended children included; 0 without a /proc."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            # The name before the last bracket may hold anything; state, parent, group and session follow.
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[3]) in sessions:
                ticks += sum(map(int, fields[11:15]))
    return ticks / _TICKS
