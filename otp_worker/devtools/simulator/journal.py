"""A line on disk for every message taken, so that a run can be accounted for after a kill."""

import json
from pathlib import Path
from threading import Lock

from .messages import Message, instant


class Journal:
    """Appends one JSON line per message: id, to, text, ref, callback and the instant it was taken.

    Raises OSError at once when the file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        path.touch()
        self._path = path
        self._lock = Lock()

    def write(self, message: Message) -> None:
        """Append a message; the line outlives this process, if not the machine."""
        line = json.dumps(
            {
                "id": message.id,
                "to": message.to,
                "text": message.text,
                "ref": message.ref,
                "callback": message.callback,
                "taken_at": instant(message.taken_at),
            }
        )
        with self._lock, self._path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
