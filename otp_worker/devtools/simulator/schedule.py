"""Jobs for later, on threads of their own, so that no request waits for one."""

import heapq
import itertools
import time
from collections.abc import Callable
from threading import Condition, Thread

THREADS = 8
STOP_SECONDS = 5.0


class Schedule:
    """Runs jobs in the order they fall due; jobs still waiting when it stops are dropped."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._jobs: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._stopping = False
        self._threads: list[Thread] = []

    def start(self) -> None:
        """Start the threads."""
        self._stopping = False
        self._threads = [Thread(target=self._run, name=f"phone-{n}", daemon=True) for n in range(THREADS)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Drop what waits and let what runs finish, for five seconds at most."""
        with self._changed:
            self._stopping = True
            self._jobs.clear()
            self._changed.notify_all()
        deadline = time.monotonic() + STOP_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def after(self, seconds: float, job: Callable[[], None]) -> None:
        """Run a job once so many seconds have passed; it must not raise."""
        with self._changed:
            if not self._stopping:
                heapq.heappush(self._jobs, (time.monotonic() + seconds, next(self._order), job))
                self._changed.notify()

    def _run(self) -> None:
        while (job := self._next()) is not None:
            job()

    def _next(self) -> Callable[[], None] | None:
        with self._changed:
            while not self._stopping:
                wait = self._jobs[0][0] - time.monotonic() if self._jobs else None
                if wait is not None and wait <= 0:
                    return heapq.heappop(self._jobs)[2]
                self._changed.wait(wait)
        return None
