"""The processor's time of a group of processes, as /proc tells it."""

import os
import time
from pathlib import Path

import pytest

from otp_worker.devtools.bench.cpu import used_seconds


def write_stat(proc: Path, pid: int, name: str, group: int, user: int, system: int) -> None:
    (proc / str(pid)).mkdir()
    fields = ["S", "1", str(group), *["0"] * 8, str(user), str(system), *["9"] * 30]
    (proc / str(pid) / "stat").write_text(f"{pid} ({name}) {' '.join(fields)}\n")


def test_user_and_system_time_of_the_group_alone_are_summed(tmp_path: Path) -> None:
    write_stat(tmp_path, 10, "granian", 10, 150, 50)
    write_stat(tmp_path, 11, "a name) with (brackets 7 7", 10, 100, 0)
    write_stat(tmp_path, 12, "another", 12, 5000, 5000)
    (tmp_path / "13").mkdir()
    assert used_seconds(10, tmp_path) == pytest.approx(300 / os.sysconf("SC_CLK_TCK"))


def test_a_process_that_works_uses_more() -> None:
    before = used_seconds(os.getpgrp())
    began = time.process_time()
    while time.process_time() - began < 0.05:
        pass
    assert used_seconds(os.getpgrp()) > before
