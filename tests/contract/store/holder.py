"""Another process that has an SQLite database open, as the service's processes have."""

import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PROGRAM = """
import sys
from otp_worker.store.database import Database
db = Database(sys.argv[1])
with db.read() as connection:
    connection.exec_driver_sql("SELECT count(*) FROM verifications").scalar()
print("open", flush=True)
sys.stdin.read()
"""


@contextmanager
def holding(file: Path) -> Iterator[None]:
    """A process has the database open and asks it nothing, until the end of the block."""
    command = [sys.executable, "-c", _PROGRAM, f"sqlite:///{file}"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert select.select([process.stdout], [], [], 60)[0], "the other process does not start"
            assert process.stdout.readline() == b"open\n"
            yield
        finally:
            process.kill()
