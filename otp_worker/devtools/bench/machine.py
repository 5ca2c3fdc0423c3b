"""What a run was made on, and with which versions."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

import psutil

from otp_worker import __version__

_PACKAGES = (
    "bcrypt",
    "celery",
    "falcon",
    "granian",
    "kombu",
    "psycopg",
    "redis",
    "requests",
    "sqlalchemy",
)


def versions() -> dict[str, str]:
    """Of the service, of Python, and of the packages that the figures depend on."""
    ours = {"otp-worker": __version__, "python": platform.python_version()}
    return ours | {package: version(package) for package in _PACKAGES}


def machine() -> dict[str, object]:
    """The processor, the cores that this process may use, the memory, and how busy others keep it."""
    return {
        "processor": _value("/proc/cpuinfo", "model name"),
        "cores": len(os.sched_getaffinity(0)),
        "memory": f"{psutil.virtual_memory().total / 2**30:.1f} GiB",
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "load_average": [round(load, 2) for load in os.getloadavg()],
    }


def _value(path: str, name: str) -> str:
    for line in Path(path).read_text().splitlines():
        field, _, value = line.partition(":")
        if field.strip() == name:
            return value.strip()
    return "unknown"
