"""``python otp_worker/service/granian_command.py``: Granian's own command, for a process without ``rich``.

structlog takes that for tracebacks in colour where it is installed, and nothing that serves HTTP writes for a
terminal: 4 MB in each process.
"""

import sys

from granian.cli import entrypoint

if __name__ == "__main__":
    # What is None here cannot be imported, as Python documents it.
    sys.modules["rich"] = None  # type: ignore[assignment]
    entrypoint()  # type: ignore[no-untyped-call]
