"""One process that we started: a shell command in a session of its own, writing to a log file."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO

POLL_SECONDS = 0.02


class Process:
    """A running shell command, the leader of its own process group; no signal ever goes to a name."""

    def __init__(self, name: str, command: str, *, env: Mapping[str, str], cwd: Path, log: Path) -> None:
        self.name = name
        self.log = log
        with log.open("ab") as output:
            self._popen = _start(command, env, cwd, output)

    @classmethod
    def attached(cls, name: str, command: str, *, env: Mapping[str, str], cwd: Path) -> "Process":
        """A process that writes where we write."""
        process = cls.__new__(cls)
        process.name, process.log = name, Path(os.devnull)
        process._popen = _start(command, env, cwd, None)
        return process

    @property
    def pid(self) -> int:
        """The leader's process id, which is its group's id too."""
        return self._popen.pid

    @property
    def ended(self) -> bool:
        """Whether the leader has ended; what it started may live on until ``kill``."""
        if self._popen.returncode is not None:
            return True
        # Not reaped yet, so that the group's id cannot come to mean other processes before ``kill``.
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None

    def terminate(self) -> None:
        """Ask the leader to end what it does, and to end (SIGTERM)."""
        if not self.ended:
            os.kill(self.pid, signal.SIGTERM)
        # A paused one hears it only now; before, a thread woken first might take it in main's place.
        self.resume()

    def pause(self) -> None:
        """Freeze the whole group (SIGSTOP), as a stalled machine would."""
        self._signal_group(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused group go on (SIGCONT)."""
        self._signal_group(signal.SIGCONT)

    def wait(self, seconds: float) -> bool:
        """Whether the leader ended within that time."""
        deadline = time.monotonic() + seconds
        while not self.ended:
            if time.monotonic() >= deadline:
                return False
            time.sleep(POLL_SECONDS)
        return True

    def kill(self) -> int:
        """End the whole group at once (SIGKILL), reap the leader, and return its exit status."""
        self._signal_group(signal.SIGKILL)
        return self._popen.wait()

    def _signal_group(self, number: int) -> None:
        if self._popen.returncode is None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, number)


def _start(
    command: str, env: Mapping[str, str], cwd: Path, output: IO[bytes] | None
) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        ["/bin/sh", "-c", command],
        env=env,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output else None,
        start_new_session=True,
    )


def stop_all(processes: list[Process], grace_seconds: float) -> None:
    """End these processes together: SIGTERM to each leader, a bounded wait, then SIGKILL to each group."""
    for process in processes:
        process.terminate()
    deadline = time.monotonic() + grace_seconds
    for process in processes:
        process.wait(deadline - time.monotonic())
    for process in processes:
        process.kill()
