"""All the processes of one run: started by name, watched together, ended together."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from otp_worker.devtools.processes.errors import EndedEarlyError, NotReadyError
from otp_worker.devtools.processes.interrupts import uninterrupted
from otp_worker.devtools.processes.patience import Patience
from otp_worker.service.processes.ledger import Ledger
from otp_worker.service.processes.process import POLL_SECONDS, Process, stop_all

GRACE_SECONDS = 10


class Fleet:
    """Processes with one working folder and environment, each logging to ``<folder>/logs/<name>.log``.

    A Ledger in the folder records what lives; leaving the ``with`` block ends it all.
    """

    def __init__(self, folder: Path, *, cwd: Path, env: Mapping[str, str]) -> None:
        self.logs = folder / "logs"
        self.logs.mkdir(parents=True, exist_ok=True)
        self._cwd = cwd
        self._env = env
        self._ledger = Ledger(folder)
        self._commands: dict[str, tuple[str, Mapping[str, str]]] = {}
        self._live: dict[str, Process] = {}
        self.while_waiting: Callable[[float], None] = lambda _seconds: None
        """Told again and again how long a wait lasts already."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def __getitem__(self, name: str) -> Process:
        return self._live[name]

    def __contains__(self, name: str) -> bool:
        return name in self._live

    def log(self, name: str) -> Path:
        """The log file of the process of that name, whether or not it was started yet."""
        return self.logs / f"{name}.log"

    def start(self, name: str, command: str, env: Mapping[str, str] | None = None) -> Process:
        """Start a shell command under a name that is not in use; ``env`` adds to the fleet's."""
        if name in self._live:
            raise ValueError(f"{name} is already running")
        self._commands[name] = (command, {**self._env, **(env or {})})
        return self._launch(name)

    def stop(self, *names: str, grace_seconds: float = GRACE_SECONDS) -> None:
        """End these processes, or all of them, together; those that are not running are passed over."""
        stop_all([self._live[name] for name in names or self._live if name in self._live], grace_seconds)
        self._forget(*(names or tuple(self._live)))

    def kill(self, name: str) -> None:
        """End this process and all of its group as kill -9 does."""
        self._live[name].kill()
        self._forget(name)

    def restart(self, name: str) -> Process:
        """Start again what was started under this name, whether it was stopped, killed or still runs."""
        self.stop(name)
        return self._launch(name)

    def check(self) -> None:
        """Raise EndedEarlyError if a process ended that nobody here stopped or killed."""
        for process in list(self._live.values()):
            if process.ended:
                status = process.kill()
                self._forget(process.name)
                how = f"by signal {-status}" if status < 0 else f"with exit status {status}"
                raise EndedEarlyError(process.name, f"ended {how}", process.log)

    def await_ready(self, name: str, ready: Callable[[], bool], seconds: float) -> None:
        """Ask ``ready`` until it says yes; while any process works, ``seconds`` begin anew (see Patience).

        Raises NotReadyError when the time is over, and EndedEarlyError as soon as any process has ended.
        """
        patience = Patience([process.pid for process in self._live.values()], seconds)
        while not ready():
            self.check()
            if why := patience.over():
                raise NotReadyError(name, why, self.log(name))
            self.while_waiting(patience.waited)
            time.sleep(POLL_SECONDS)

    def _launch(self, name: str) -> Process:
        command, env = self._commands[name]
        with uninterrupted():
            self._live[name] = Process(name, command, env=env, cwd=self._cwd, log=self.log(name))
            self._ledger.write(self._live.values())
        return self._live[name]

    def _forget(self, *names: str) -> None:
        with uninterrupted():
            for name in names:
                self._live.pop(name, None)
            self._ledger.write(self._live.values())
