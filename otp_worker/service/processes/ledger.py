"""A file of what we started, so that the next start can end what a kill -9 of us left behind."""

import json
import os
import signal
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from otp_worker.service.processes.process import POLL_SECONDS, Process

_GONE_SECONDS = 10


class Ledger:
    """Names, process ids and birth marks, in ``<folder>/processes.json``, replaced at every change."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "processes.json"

    def write(self, processes: Iterable[Process]) -> None:
        """Record exactly these; with none of them the file goes."""
        entries = [{"name": each.name, "pid": each.pid, "birth": birth_mark(each.pid)} for each in processes]
        if not entries:
            self.path.unlink(missing_ok=True)
            return
        draft = self.path.with_suffix(".new")
        draft.write_text(json.dumps(entries, indent=1))
        draft.replace(self.path)

    def end_leftovers(self) -> list[str]:
        """End the groups of recorded processes that still live; returns their names.

        A process id that has come to mean another process is left alone.
        """
        leftovers = [entry for entry in self._entries() if _lives(entry)]
        for entry in leftovers:
            with suppress(ProcessLookupError):
                os.killpg(entry["pid"], signal.SIGKILL)
        deadline = time.monotonic() + _GONE_SECONDS
        while any(map(_lives, leftovers)) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        self.path.unlink(missing_ok=True)
        return [entry["name"] for entry in leftovers]

    def _entries(self) -> list[dict[str, Any]]:
        try:
            entries: list[dict[str, Any]] = json.loads(self.path.read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return []
        return entries


def birth_mark(pid: int) -> str | None:
    """What tells this process from a later one with its id: the boot and the clock tick it began at.

    None for a process that is not there, is a zombie, or where there is no /proc.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        # The command's name, in parentheses, may itself hold spaces and parentheses.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, start_ticks = fields[0], fields[19]
    return None if state == "Z" else f"{boot} {start_ticks}"


def _lives(entry: dict[str, Any]) -> bool:
    mark = birth_mark(entry["pid"])
    return mark is not None and mark == entry["birth"]
