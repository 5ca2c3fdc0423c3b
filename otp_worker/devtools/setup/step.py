"""One long step of set-up: a quiet program with its output in a log, and a line that shows how far it is."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from otp_worker.devtools.setup.reason import reason
from otp_worker.domain.errors import OtpError

_REDRAW_SECONDS = 0.1
_SPINNER = "|/-\\"
# Somebody's settings for other installs, which would put packages elsewhere than into `.venv`.
_FOREIGN_NAMES = {"PYTHONPATH", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT"}
_PIP_SETTINGS = {
    "PIP_USER": "0",
    "PIP_REQUIRE_VIRTUALENV": "0",
    "PIP_NO_INPUT": "1",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PIP_ROOT_USER_ACTION": "ignore",
}


class SetupError(OtpError):
    """Set-up cannot be done; the message is for the user."""


@dataclass(frozen=True)
class SetupStep:
    """Runs programs for set-up from ``root``; ``lock`` is the descriptor of the set-up's lock."""

    log: Path
    root: Path
    lock: int

    def run(self, title: str, command: list[str], count: int = 0, into: Path | None = None) -> None:
        """Run a program to its end; with ``count``, show how many of so many packages pip has collected.

        The size of ``into`` is told at the end. Raises SetupError with a plain sentence.
        """
        started = time.monotonic()
        begun = self.log.stat().st_size
        _show(f"{title} ...", "\n" if not sys.stderr.isatty() else "")
        with self.log.open("ab") as output, self._started(command, output.fileno()) as process:
            try:
                self._watch(process, title, started, begun, count)
            except BaseException:
                # Its own group, pip's second process included.
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                raise
        seconds = time.monotonic() - started
        if process.returncode != 0:
            _show(f"{title}: failed after {seconds:.0f} s")
            raise SetupError(f"set-up failed: {reason(self._written(begun))}. All of it is in {self.log}.")
        size = f"{_megabytes(into):.0f} MB on the disk, " if into else ""
        _show(f"{title}: {size}done in {seconds:.1f} s")

    def _started(self, command: list[str], output: int) -> subprocess.Popen[bytes]:
        inherited = {name: value for name, value in os.environ.items() if name not in _FOREIGN_NAMES}
        return subprocess.Popen(
            command,
            cwd=self.root,
            env={**inherited, **_PIP_SETTINGS},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            # If we are killed, the lock stays held until this program has ended and writes no more.
            pass_fds=(self.lock,),
        )

    def _watch(
        self, process: subprocess.Popen[bytes], title: str, started: float, begun: int, count: int
    ) -> None:
        spinner = 0
        while True:
            with suppress(subprocess.TimeoutExpired):
                process.wait(_REDRAW_SECONDS)
                return
            if sys.stderr.isatty():
                spinner += 1
                collected = f", {min(self._collected(begun), count)} of {count}" if count else ""
                line = f"{_SPINNER[spinner % 4]} {title}{collected}, {time.monotonic() - started:.0f} s"
                _show(line, "")

    def _collected(self, begun: int) -> int:
        return self._written(begun).count("Collecting ")

    def _written(self, begun: int) -> str:
        with self.log.open("rb") as log:
            log.seek(begun)
            return log.read().decode(errors="replace")


def _megabytes(folder: Path) -> float:
    files = (path.lstat() for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return sum(file.st_size for file in files) / 1e6


def _show(line: str, end: str = "\n") -> None:
    if sys.stderr.isatty():
        line = f"\r\x1b[K{line}"
    print(line, end=end, file=sys.stderr, flush=True)
