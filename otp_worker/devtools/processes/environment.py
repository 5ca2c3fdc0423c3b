"""What of our own environment a child process inherits."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

# Set in somebody's shell for another purpose, these would point a demo or a test at the wrong service.
_FOREIGN_PREFIXES = ("OTP_", "CELERY_", "FLOWER_", "CONSOLE_", "GRANIAN_", "SIMULATOR_")
_FOREIGN_NAMES = {"HOST", "PORT"}


def child_environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Our environment with these settings in place of anybody's, and with this Python's commands first."""
    inherited = {name: value for name, value in os.environ.items() if not _is_foreign(name)}
    commands = str(Path(sys.executable).parent)
    return {
        **inherited,
        "PATH": os.pathsep.join(filter(None, [commands, inherited.get("PATH", os.defpath)])),
        **_without_proxy(inherited),
        "PYTHONUNBUFFERED": "1",
        **settings,
    }


def _without_proxy(inherited: Mapping[str, str]) -> dict[str, str]:
    # A proxy for the outside must not be asked for what listens on this machine.
    listed = inherited.get("no_proxy") or inherited.get("NO_PROXY")
    value = ",".join(filter(None, [listed, "127.0.0.1", "localhost"]))
    return {"no_proxy": value, "NO_PROXY": value}


def _is_foreign(name: str) -> bool:
    return name in _FOREIGN_NAMES or name.startswith(_FOREIGN_PREFIXES)
