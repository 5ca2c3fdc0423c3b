"""The Procfile: one line per process, as any Procfile runner reads it."""

from collections.abc import Mapping
from pathlib import Path

from honcho.environ import parse_procfile

OWN_PROCFILE = Path(__file__).resolve().parents[2] / "Procfile"
"""The one of this version: in a checkout a link to the one that everybody finds."""


def procfile_commands(procfile: Path, copies: Mapping[str, int] | None = None) -> dict[str, str]:
    """Process names and their shell commands, in the file's order.

    A line that ``copies`` asks for twice gives ``worker.1`` and ``worker.2``; zero leaves it out.
    Raises KeyError for copies of a line that is not there.
    """
    lines: dict[str, str] = parse_procfile(procfile.read_text()).processes
    wanted = copies or {}
    if unknown := wanted.keys() - lines.keys():
        raise KeyError(f"{procfile} has no line named {', '.join(sorted(unknown))}")
    return {name: command for line, command in lines.items() for name in _names(line, wanted.get(line, 1))}


def _names(line: str, copies: int) -> list[str]:
    return [line] if copies == 1 else [f"{line}.{number}" for number in range(1, copies + 1)]
