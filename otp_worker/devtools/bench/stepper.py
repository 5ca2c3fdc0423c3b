"""A process that carries out steps on one database, as the rows scenario asks it to."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from otp_worker.devtools.processes.environment import child_environment
from otp_worker.domain.errors import OtpError

_STEP_SECONDS = 120


class StepFailedError(OtpError):
    """The process that carries out steps ended, or did not answer in time."""


class Stepper:
    """One such process; ``log`` is where it complains."""

    def __init__(self, process: "subprocess.Popen[str]", asked: IO[str], told: IO[str], log: Path) -> None:
        self._process = process
        self._asked = asked
        self._told = told
        self._log = log

    def time(self, step: str, times: int) -> list[float]:
        """How long each of so many steps of that name took, in seconds. Raises StepFailedError."""
        # Ended when it hangs, so that reading from it ends too.
        alarm = threading.Timer(_STEP_SECONDS, self._process.kill)
        alarm.start()
        try:
            self._asked.write(f"{step} {times}\n")
            self._asked.flush()
            line = self._told.readline()
        except BrokenPipeError:
            line = ""
        finally:
            alarm.cancel()
        if not line:
            raise StepFailedError(f"the step {step} failed: {self._log.read_text().strip()[-300:]}")
        durations: list[float] = json.loads(line)
        return durations


@contextmanager
def stepping(
    settings: Mapping[str, str], log: Path, module: str = "otp_worker.devtools.bench.steps"
) -> Iterator[Stepper]:
    """A process of that module with that environment; at the end it is ended."""
    with log.open("w") as complaints:
        process = subprocess.Popen(
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
            env=child_environment(settings),
        )
    if process.stdin is None or process.stdout is None:
        raise StepFailedError("the process has no pipes")
    try:
        yield Stepper(process, process.stdin, process.stdout, log)
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()
