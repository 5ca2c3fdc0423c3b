"""Where a command that starts processes is run, and what it left there."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

MARK = "DEVTOOLS_TEST_MARK"
OTP_WORKER = Path(sys.executable).with_name("otp-worker")


@dataclass
class Place:
    """A folder for what a command writes, and a word in the environment of every process it starts."""

    folder: Path
    mark: str

    @property
    def environment(self) -> dict[str, str]:
        """What the command is run with."""
        return {**os.environ, "TMPDIR": str(self.folder), MARK: self.mark}

    @property
    def left_running(self) -> list[str]:
        """The command lines of the processes that carry the mark."""
        found = (self._command_line(process) for process in Path("/proc").glob("[0-9]*"))
        return [line for line in found if line]

    def _command_line(self, process: Path) -> str:
        try:
            if f"{MARK}={self.mark}".encode() in (process / "environ").read_bytes():
                return (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:  # it has ended
            pass
        return ""
