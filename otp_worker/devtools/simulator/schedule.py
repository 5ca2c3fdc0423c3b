"""Jobs for later, on threads of their own, so that no request waits for one."""

import heapq
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from threading import Condition, Thread

THREADS = 8
STOP_SECONDS = 5.0


@dataclass(frozen=True)
class Waiting:
    """What waits at the phone or its gateway: for whom, why, and until when; None where nobody knows.

    `what` is `sms`, `receipt`, `reply` or `answer`; `detail` says which.
    """

    what: str
    number: str
    detail: str
    why: str
    until: datetime | None


class Schedule:
    """Runs jobs in the order they fall due; jobs still waiting when it stops are dropped."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._jobs: list[tuple[float, int, Callable[[], None], Waiting | None]] = []
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

    def after(self, seconds: float, job: Callable[[], None], waiting: Waiting | None = None) -> None:
        """Run a job once so many seconds have passed; it must not raise. People see `waiting` of it."""
        with self._changed:
            if not self._stopping:
                heapq.heappush(self._jobs, (time.monotonic() + seconds, next(self._order), job, waiting))
                self._changed.notify()

    def waiting(self) -> list[Waiting]:
        """What waits for its time and has a name for people, first due first."""
        with self._changed:
            jobs = sorted(self._jobs, key=lambda job: job[:2])
        return [waiting for _, _, _, waiting in jobs if waiting is not None]

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
