"""The history of a run: one JSON line for each thing that was asked, answered, broken or healed."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any

NEMESIS = "nemesis"


class History:
    """Appends to a file as Jepsen does: ``invoke`` before an operation, then ``ok``, ``fail`` or ``info``.

    ``info`` means that nobody knows whether it took place. Safe to use from many threads.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("w", encoding="utf-8")
        self._lock = Lock()

    def write(self, process: str, kind: str, what: str, value: Mapping[str, Any]) -> datetime:
        """Append one event; the instant it is recorded with."""
        with self._lock:
            at = datetime.now(UTC)
            event = {"at": at.isoformat(), "process": process, "type": kind, "f": what, "value": value}
            self._file.write(json.dumps(event) + "\n")
        return at

    def close(self) -> None:
        """Put the rest on disk."""
        self._file.close()
