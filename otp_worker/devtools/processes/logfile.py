"""Log files of processes."""

from pathlib import Path

_TAIL_BYTES = 16_384


def tail(log: Path, lines: int = 15) -> str:
    """The last lines of a log that may be large, or still be missing or empty."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, 2) - _TAIL_BYTES))
            text = file.read().decode(errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-lines:])
