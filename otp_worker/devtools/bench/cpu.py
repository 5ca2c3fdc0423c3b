"""What the processes of a group have used of the processor, from /proc.

Other work on the machine moves this less than it moves requests a second.
"""

import os
from pathlib import Path

_TICK_SECONDS = 1 / os.sysconf("SC_CLK_TCK")
_GROUP, _USER, _SYSTEM = 2, 11, 12
"""Fields of /proc/PID/stat (proc(5)), counted from the one behind the program's name."""


def used_seconds(group: int, proc: Path = Path("/proc")) -> float:
    """User and system time of all living processes of the group."""
    return sum(_seconds_of(each, group) for each in proc.glob("[0-9]*/stat"))


def _seconds_of(stat: Path, group: int) -> float:
    try:
        # The program's name stands in brackets, and may hold anything.
        fields = stat.read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        # It has ended meanwhile.
        return 0.0
    if int(fields[_GROUP]) != group:
        return 0.0
    return (int(fields[_USER]) + int(fields[_SYSTEM])) * _TICK_SECONDS
