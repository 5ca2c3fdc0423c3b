"""A file that says that a worker's loop turns, for a probe that ends a process which stands still.

It asks no broker and no database: while those are away, a worker that waits for them is alive.
"""

import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from celery.bootsteps import StartStopStep

EVERY_SECONDS = 5.0


class Alive:
    """The file of this process, touched every few seconds at most."""

    file: Path | None = None
    _touched_at = float("-inf")

    def name(self, state_dir: Path, node: str) -> None:
        """Have the file of a worker of that name touched from now on: ``deliver-slot1@host.alive``."""
        self.file = state_dir / f"{node}.alive"
        self._touched_at = float("-inf")

    def touch(self) -> None:
        """Say that the loop turns. A folder that takes no file leaves only the probe without an answer."""
        now = time.monotonic()
        if self.file is None or now < self._touched_at + EVERY_SECONDS:
            return
        self._touched_at = now
        with suppress(OSError):
            self.file.touch(mode=0o600)


alive = Alive()
"""This process's; the consumer touches it too while it waits for a broker and its loop does not turn."""


class TurningLoop(StartStopStep):  # type: ignore[misc]
    """Touches the file by a timer of the worker's own loop, so that a loop that stands still does not."""

    requires = ("celery.worker.components:Timer",)

    def start(self, worker: Any) -> None:
        """Touch it now, and with the loop."""
        alive.touch()
        worker.timer.call_repeatedly(EVERY_SECONDS, alive.touch)
