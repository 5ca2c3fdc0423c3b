"""A lock, and the record of what lives: who holds them, and what a crash leaves of them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from otp_worker.service.processes.errors import BusyError
from otp_worker.service.processes.ledger import Ledger
from otp_worker.service.processes.lock import locked


def test_a_lock_has_one_holder_who_is_named(tmp_path: Path) -> None:
    with (
        locked(tmp_path / "lock"),
        pytest.raises(BusyError, match=f"process {os.getpid()}"),
        locked(tmp_path / "lock"),
    ):
        pass
    with locked(tmp_path / "lock"):
        pass


def test_a_lock_is_awaited_where_that_is_wanted(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    holder = f"""
import fcntl, sys
lock = open({str(lock)!r}, "w")
fcntl.flock(lock, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", holder], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        waits: list[int] = []

        def end_the_holder() -> None:
            waits.append(process.pid)
            process.kill()

        with locked(lock, on_wait=end_the_holder):
            assert waits == [process.pid]


def test_a_ledger_that_was_cut_off_is_no_obstacle(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    ledger.path.write_text('[{"name": "wor')
    assert ledger.end_leftovers() == []
