"""Processes that we start: watched, paused, ended, and found again after we were killed."""

import json
import os
import pickle  # nosec B403
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import Mock

import pytest

from otp_worker.devtools.processes.environment import child_environment
from otp_worker.devtools.processes.errors import EndedEarlyError, NotReadyError
from otp_worker.devtools.processes.fleet import Fleet
from otp_worker.devtools.processes.logfile import tail
from otp_worker.service.processes.ledger import Ledger, birth_mark
from otp_worker.service.processes.process import stop_all
from tests.waiting import awaited

SLEEP = "exec sleep 60"
DEAF = "trap '' TERM; echo deaf; while :; do sleep 60; done"


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    with Fleet(tmp_path, cwd=tmp_path, env=child_environment({"COLOUR": "green"})) as started:
        yield started


def state_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_a_process_gets_its_environment_and_writes_to_its_log(fleet: Fleet) -> None:
    fleet.start("painter", "echo $COLOUR $SIZE", {"SIZE": "large"})
    assert fleet["painter"].wait(10)
    assert tail(fleet.log("painter")) == "green large"


def test_a_name_is_used_once(fleet: Fleet) -> None:
    fleet.start("worker", SLEEP)
    with pytest.raises(ValueError, match="worker is already running"):
        fleet.start("worker", SLEEP)


def test_a_process_that_ends_by_itself_is_named_with_its_status_and_its_log(fleet: Fleet) -> None:
    fleet.start("web", SLEEP)
    fleet.start("worker", "echo no such broker; exit 3")
    with pytest.raises(EndedEarlyError, match="worker ended with exit status 3") as caught:
        fleet.await_ready("web", lambda: False, 10)
    assert caught.value.name == "worker"
    assert tail(caught.value.log) == "no such broker"


def test_a_process_that_a_signal_ended_is_named_with_the_signal(fleet: Fleet) -> None:
    os.kill(fleet.start("worker", SLEEP).pid, signal.SIGKILL)
    with pytest.raises(EndedEarlyError, match="worker ended by signal 9"):
        fleet.await_ready("worker", lambda: False, 10)


def test_a_process_that_is_not_ready_in_time_is_named(fleet: Fleet) -> None:
    fleet.start("flower", SLEEP)
    with pytest.raises(NotReadyError, match=r"flower was not ready within 0 s.*; its log is .*flower\.log"):
        fleet.await_ready("flower", lambda: False, 0)


def test_stopping_lets_a_process_end_its_work(fleet: Fleet) -> None:
    fleet.start("worker", "trap 'echo bye; exit 0' TERM; echo hello; while :; do sleep 0.05; done")
    assert awaited(lambda: tail(fleet.log("worker")) == "hello")
    fleet.stop("worker")
    assert tail(fleet.log("worker")) == "hello\nbye"


def test_a_process_that_ignores_sigterm_is_killed_with_its_children(fleet: Fleet) -> None:
    pid = fleet.start("deaf", f"sleep 61 & echo $! > child; {DEAF}").pid
    assert awaited(lambda: tail(fleet.log("deaf")) == "deaf")
    child = int((fleet.logs.parent / "child").read_text())
    fleet.stop("deaf", grace_seconds=0.1)
    assert birth_mark(pid) is None
    assert awaited(lambda: birth_mark(child) is None)


def test_all_are_asked_to_end_before_any_is_waited_for() -> None:
    calls = Mock()
    stop_all([calls.deaf, calls.other], grace_seconds=1)
    assert [name for name, *_ in calls.mock_calls] == [
        f"{name}.{what}" for what in ("terminate", "wait", "kill") for name in ("deaf", "other")
    ]
    assert calls.other.wait.call_args.args[0] <= 1


def test_children_that_outlive_their_leader_are_killed(fleet: Fleet) -> None:
    leader = fleet.start("leader", "sleep 62 & echo $! > child; sleep 62")
    assert awaited(lambda: (fleet.logs.parent / "child").exists())
    child = int((fleet.logs.parent / "child").read_text())
    fleet.stop("leader")
    assert birth_mark(leader.pid) is None
    assert awaited(lambda: birth_mark(child) is None)


def test_a_killed_process_is_not_missed_and_can_be_restarted(fleet: Fleet) -> None:
    first = fleet.start("worker", SLEEP).pid
    fleet.kill("worker")
    fleet.check()
    assert "worker" not in fleet
    assert fleet.restart("worker").pid != first
    fleet.check()


def test_a_paused_process_stands_still_until_it_is_resumed(fleet: Fleet) -> None:
    process = fleet.start("worker", SLEEP)
    process.pause()
    assert awaited(lambda: state_of(process.pid) == "T")
    process.resume()
    assert awaited(lambda: state_of(process.pid) == "S")


def test_a_paused_process_can_still_be_stopped(fleet: Fleet) -> None:
    process = fleet.start("worker", "trap 'exit 7' TERM; echo hello; sleep 67 & wait")
    assert awaited(lambda: tail(fleet.log("worker")) == "hello")
    process.pause()
    assert awaited(lambda: state_of(process.pid) == "T")
    fleet.stop("worker")
    assert process.kill() == 7


def test_nothing_is_left_of_a_fleet(tmp_path: Path) -> None:
    with Fleet(tmp_path, cwd=tmp_path, env=child_environment({})) as fleet:
        pids = [fleet.start(name, SLEEP).pid for name in ("one", "two")]
        recorded = json.loads((tmp_path / "processes.json").read_text())
        assert [entry["pid"] for entry in recorded] == pids
    assert [birth_mark(pid) for pid in pids] == [None, None]
    assert not (tmp_path / "processes.json").exists()


def test_what_a_killed_fleet_left_behind_is_ended_by_the_next(tmp_path: Path) -> None:
    program = f"""
import os, signal
from pathlib import Path
from unittest.mock import Mock
from otp_worker.devtools.processes.fleet import Fleet
fleet = Fleet(Path({str(tmp_path)!r}), cwd=Path("/"), env=os.environ)
fleet.start("left", "exec sleep 63")
os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", program], check=False)
    [entry] = json.loads((tmp_path / "processes.json").read_text())
    assert birth_mark(entry["pid"]) == entry["birth"]
    assert Ledger(tmp_path).end_leftovers() == ["left"]
    assert birth_mark(entry["pid"]) is None
    assert Ledger(tmp_path).end_leftovers() == []


def test_a_process_id_that_now_means_another_process_is_left_alone(fleet: Fleet) -> None:
    process = fleet.start("innocent", SLEEP)
    ledger = Ledger(fleet.logs)
    ledger.path.write_text(json.dumps([{"name": "old", "pid": process.pid, "birth": "another boot 1"}]))
    assert ledger.end_leftovers() == []
    assert not process.ended


def test_a_child_gets_no_service_settings_of_ours_and_finds_this_pythons_commands(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("OTP_DATABASE_URL", "CELERY_BROKER_URL", "HOST", "PORT"):
        monkeypatch.setenv(name, "production")
    monkeypatch.setenv("no_proxy", "example.org")
    environment = child_environment({"PORT": "8000"})
    assert "production" not in environment.values()
    assert environment["PORT"] == "8000"
    assert environment["no_proxy"] == "example.org,127.0.0.1,localhost"
    command = f"exec {shlex.quote(sys.executable)} -c 'import shutil; print(shutil.which(\"pytest\"))'"
    found = subprocess.run(
        ["/bin/sh", "-c", command], env=environment, capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == str(Path(sys.executable).with_name("pytest"))


def test_the_tail_of_a_log_is_short_whatever_the_log(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    assert tail(log) == ""
    log.write_bytes(b"a line\n" * 100_000 + b"\xff last")
    assert tail(log, lines=2) == "a line\n\ufffd last"


def test_what_went_wrong_can_be_told_to_another_process() -> None:
    error = NotReadyError("web", "was not ready in 60 s", Path("web.log"))
    told = pickle.loads(pickle.dumps(error))
    assert (type(told), told.name, told.log) == (NotReadyError, "web", Path("web.log"))
    assert str(told) == "web was not ready in 60 s; its log is web.log"
