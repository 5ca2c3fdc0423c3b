"""How long a start is waited for: as long as its processes work, and never for ever."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from otp_worker.devtools.demo.display import Display
from otp_worker.devtools.processes import patience
from otp_worker.devtools.processes.environment import child_environment
from otp_worker.devtools.processes.fleet import Fleet
from otp_worker.devtools.processes.patience import Patience, cpu_seconds
from tests.waiting import awaited


class Machine:
    """A clock, and processes that use a share of a core while it runs."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self.used, self.share = 1000.0, 7.0, 0.0
        monkeypatch.setattr(time, "monotonic", lambda: self.now)
        monkeypatch.setattr(patience, "cpu_seconds", lambda _sessions: self.used)

    def over_after(self, patient: Patience) -> tuple[float, str]:
        """After how many seconds the wait is over, and why."""
        began_at = self.now
        while self.now - began_at < 10_000:
            if why := patient.over():
                return self.now - began_at, why
            self.now += 1
            self.used += self.share
        raise AssertionError("it waits for ever")


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(monkeypatch)


@pytest.mark.parametrize("share", [0.0, 0.01])
def test_what_idles_is_given_up_after_its_seconds(machine: Machine, share: float) -> None:
    machine.share = share
    seconds, why = machine.over_after(Patience([1], 60))
    assert (seconds, why) == (60, "was not ready, and nothing got on for 60 s")


@pytest.mark.parametrize("share", [0.06, 1.9])
def test_what_works_is_waited_for_four_times_as_long(machine: Machine, share: float) -> None:
    machine.share = share
    seconds, why = machine.over_after(Patience([1], 60))
    assert (seconds, why) == (240, "was not ready within 240 s, though it went on working")


def test_what_worked_and_then_stands_still_is_given_up(machine: Machine) -> None:
    machine.share = 1.0
    patient = Patience([1], 60)
    for _ in range(100):
        assert patient.over() is None
        machine.now += 1
        machine.used += machine.share
    machine.share = 0.0
    assert machine.over_after(patient)[0] == pytest.approx(60, abs=2)


def test_a_process_that_ended_takes_its_seconds_along_and_ends_no_wait(machine: Machine) -> None:
    patient = Patience([1, 2], 60)
    machine.now, machine.used = machine.now + 50, 1.0
    assert patient.over() is None
    machine.now += 20
    assert patient.over() is None


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    with Fleet(tmp_path, cwd=tmp_path, env=child_environment({})) as started:
        yield started


def test_the_work_of_a_process_and_of_its_children_counts(fleet: Fleet) -> None:
    idle = fleet.start("idle (a) b) 1 2", "exec sleep 60").pid
    busy = fleet.start("busy", "sh -c 'while :; do :; done' & wait").pid
    assert awaited(lambda: cpu_seconds([busy]) > 0.05)
    assert cpu_seconds([idle]) < 0.05
    assert cpu_seconds([idle, busy]) >= cpu_seconds([busy]) - 1
    assert cpu_seconds([os.getpid() + 10_000_000]) == 0


def test_a_long_wait_says_what_for_and_how_the_log_ends(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "broker.log"
    log.write_text("first\nStarting broker [1]...\n")
    display = Display()
    with display.hop("broker", log, "connections on port 5672"):
        for seconds in (0, 14.9, 15.1, 16, 29, 31):
            display.still_waiting(seconds)
    said = [line for line in capsys.readouterr().out.splitlines() if ".." in line[:5]]
    assert [" ".join(line.split()) for line in said] == [
        f".. broker {seconds} s: waits for connections on port 5672; the end of its log:"
        " Starting broker [1]..."
        for seconds in (15, 31)
    ]
