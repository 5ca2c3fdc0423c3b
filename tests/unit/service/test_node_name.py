"""A worker's name: the same after a restart, and never that of another worker that runs."""

import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

from otp_worker.service.node_name import take_name

HOLDER = """
import sys
from contextlib import ExitStack
from pathlib import Path
from otp_worker.service.node_name import take_name
held = ExitStack()
print(take_name("deliver@host", Path(sys.argv[1]), held), flush=True)
sys.stdin.read()
"""


def test_a_worker_that_is_restarted_has_its_name_again(tmp_path: Path) -> None:
    names = []
    for _ in range(3):
        with ExitStack() as held:
            names.append(take_name("deliver@host", tmp_path, held))
    assert names == ["deliver-slot1@host"] * 3


def test_two_that_run_have_two_names_and_one_of_another_kind_is_not_in_their_way(tmp_path: Path) -> None:
    with ExitStack() as held:
        names = [take_name(name, tmp_path, held) for name in ("deliver@host", "deliver@host", "upkeep@host")]
    assert names == ["deliver-slot1@host", "deliver-slot2@host", "upkeep-slot1@host"]


def test_a_restart_that_overlaps_takes_the_next_slot_and_the_one_after_it_the_first_again(
    tmp_path: Path,
) -> None:
    old, new, newest = ExitStack(), ExitStack(), ExitStack()
    assert take_name("deliver@host", tmp_path, old) == "deliver-slot1@host"
    assert take_name("deliver@host", tmp_path, new) == "deliver-slot2@host"
    old.close()
    assert take_name("deliver@host", tmp_path, newest) == "deliver-slot1@host"
    new.close()
    newest.close()


def test_a_worker_that_was_killed_leaves_its_name_to_the_next(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "deliver-slot1@host"
        with ExitStack() as held:
            assert take_name("deliver@host", tmp_path, held) == "deliver-slot2@host"
        process.kill()
    with ExitStack() as held:
        assert take_name("deliver@host", tmp_path, held) == "deliver-slot1@host"


def test_a_name_of_ones_own_stays(tmp_path: Path) -> None:
    with ExitStack() as held:
        assert take_name("deliver-4711@host", tmp_path, held) == "deliver-4711@host"
    assert list(tmp_path.iterdir()) == []


def test_without_a_folder_to_write_to_the_process_id_makes_the_name(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with ExitStack() as held:
        assert take_name("deliver@host", tmp_path / "file", held) == f"deliver-{os.getpid()}@host"
