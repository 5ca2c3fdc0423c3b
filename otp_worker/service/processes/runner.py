"""Running the service: the Procfile's processes, each started again when it dies, and stopped in order."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import structlog

from otp_worker.domain.errors import ConfigurationError
from otp_worker.service.processes.errors import BusyError
from otp_worker.service.processes.ledger import Ledger
from otp_worker.service.processes.lock import locked
from otp_worker.service.processes.process import Process, stop_all
from otp_worker.service.processes.restarts import Restarts

log = structlog.get_logger()

GRACE_SECONDS = 40.0
"""A worker finishes what it has in hand: the longest attempt at a gateway, and its record."""
WATCH_SECONDS = 0.2
STOPPED_FIRST = ("web", "beat")
"""What brings in new work; the others have time to finish what is there."""


class Runner:
    """Runs commands by name until told to stop; their output is ours."""

    def __init__(
        self, commands: Mapping[str, str], folder: Path, *, cwd: Path, env: Mapping[str, str]
    ) -> None:
        """Nothing runs yet. ``folder`` gets a folder for each process, with its lock and its process id."""
        self._commands = commands
        self._folder = folder
        self._cwd = cwd
        self._env = env
        self._live: dict[str, Process] = {}
        self._started_at: dict[str, float] = {}
        self._due: dict[str, float] = {}
        self._restarts = {name: Restarts() for name in commands}

    def run(self, stopping: threading.Event, check: Callable[[], None] = lambda: None) -> None:
        """Start all, start again what dies, and stop all once ``stopping`` is set.

        ``check`` is asked when nothing of an earlier run is left, and may raise. Raises ConfigurationError if
        one of them runs already with the same state folder.
        """
        with ExitStack() as held:
            for name in self._commands:
                held.enter_context(self._alone(name))
                self._end_leftovers(name)
            check()
            try:
                for name in self._commands:
                    self._start(name)
                while not stopping.wait(WATCH_SECONDS):
                    self._watch()
            finally:
                self._stop()

    def reload(self) -> None:
        """Pass SIGHUP on to web, which replaces its children one by one and drops no request."""
        web = self._live.get("web")
        if web is not None and not web.ended:
            os.kill(web.pid, signal.SIGHUP)

    @contextmanager
    def _alone(self, name: str) -> Iterator[None]:
        with ExitStack() as held:
            try:
                held.enter_context(locked(self._folder / name / "lock"))
            except BusyError as error:
                raise ConfigurationError(
                    f"OTP_STATE_DIR: {name} runs already with {self._folder.parent} ({error})"
                ) from None
            yield

    def _end_leftovers(self, name: str) -> None:
        if Ledger(self._folder / name).end_leftovers():
            log.warning("leftover_ended", process=name)

    def _start(self, name: str) -> None:
        process = Process.attached(name, self._commands[name], env=self._env, cwd=self._cwd)
        self._live[name] = process
        self._started_at[name] = time.monotonic()
        Ledger(self._folder / name).write([process])
        log.info("process_started", process=name, pid=process.pid)

    def _watch(self) -> None:
        now = time.monotonic()
        for name in [name for name, process in self._live.items() if process.ended]:
            self._note_death(name, now)
        for name in [name for name, due_at in self._due.items() if due_at <= now]:
            del self._due[name]
            self._start(name)

    def _note_death(self, name: str, now: float) -> None:
        # What it started, such as web's children, goes with it: they hold its port.
        status = self._live.pop(name).kill()
        restarts = self._restarts[name]
        pause = restarts.died(self._started_at[name], now)
        self._due[name] = now + pause
        say: Callable[..., object] = log.error if restarts.slow else log.warning
        event = "process_keeps_dying" if restarts.slow else "process_died"
        say(event, process=name, status=status, retry_in_seconds=pause)

    def _stop(self) -> None:
        first = [process for name, process in self._live.items() if name in STOPPED_FIRST]
        rest = [process for name, process in self._live.items() if name not in STOPPED_FIRST]
        for group in (first, rest):
            log.info("stopping", processes=[process.name for process in group])
            stop_all(group, GRACE_SECONDS)
        for name in self._commands:
            Ledger(self._folder / name).write([])
        log.info("stopped")
