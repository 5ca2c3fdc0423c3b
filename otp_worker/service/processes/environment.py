"""What of our own environment the service's processes inherit."""

import os
import sys
from pathlib import Path


def service_environment() -> dict[str, str]:
    """Our environment as it is, with this Python's commands first: the Procfile names them without a path."""
    commands = str(Path(sys.executable).parent)
    return {**os.environ, "PATH": os.pathsep.join([commands, os.environ.get("PATH", os.defpath)])}
