"""When a process that died is started again."""

from collections import deque
from dataclasses import dataclass, field

PAUSES_SECONDS = (0.5, 1.0, 2.0, 4.0)
WINDOW_SECONDS = 60.0
MAX_DEATHS = 5
"""So many deaths within the window, and it is tried at a slow pace, until it has lived through a window."""
SLOW_SECONDS = 30.0


@dataclass
class Restarts:
    """The deaths of one process; instants are monotonic seconds."""

    slow: bool = False
    _deaths: deque[float] = field(default_factory=deque)

    def died(self, started_at: float, now: float) -> float:
        """Note a death; the seconds to wait before the next start."""
        if now - started_at >= WINDOW_SECONDS:
            self._deaths.clear()
            self.slow = False
        self._deaths.append(now)
        while now - self._deaths[0] > WINDOW_SECONDS:
            self._deaths.popleft()
        self.slow = self.slow or len(self._deaths) >= MAX_DEATHS
        return SLOW_SECONDS if self.slow else PAUSES_SECONDS[len(self._deaths) - 1]
