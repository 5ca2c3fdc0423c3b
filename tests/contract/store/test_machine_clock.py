"""The clock over SQLite: no process is believed alone, and the machine is followed in the end."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from structlog.testing import capture_logs

from otp_worker.store import machine_clock as module
from otp_worker.store.database import Database
from otp_worker.store.machine_clock import BELIEVED_AFTER, MachineClock
from otp_worker.store.migrate import upgrade

STARTED = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
A_LITTLE = timedelta(seconds=10)


class Machine:
    """A machine whose time passes only when a test says so, and some of whose clocks may be off."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.passed = timedelta()

    def process(self) -> MachineClock:
        """One more process that uses the database."""
        return MachineClock(self.db, since_boot=lambda: 5000 + self.passed.total_seconds())

    def ask(self, process: MachineClock, off: timedelta = timedelta()) -> datetime | None:
        """What a process takes the time for, whose wall clock is off by that much."""
        with time_machine.travel(STARTED + self.passed + off, tick=False):
            return process.ask()

    @property
    def true(self) -> datetime:
        """The time that has really come."""
        return STARTED + self.passed


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    with closing(Database(f"sqlite:///{tmp_path}/otp.db")) as db:
        upgrade(db)
        yield Machine(db)


@pytest.mark.parametrize("off", [timedelta(hours=1), timedelta(hours=-1), timedelta(seconds=2)], ids=str)
def test_a_clock_that_is_stepped_for_a_while_changes_nothing(machine: Machine, off: timedelta) -> None:
    first, second = machine.process(), machine.process()
    assert machine.ask(first) == machine.true
    machine.passed += A_LITTLE
    assert machine.ask(second, off) == machine.true
    # One that is started meanwhile takes the others' word.
    assert machine.ask(machine.process(), off) == machine.true
    machine.passed += BELIEVED_AFTER - A_LITTLE
    assert machine.ask(second, off) == machine.true
    machine.passed += BELIEVED_AFTER
    assert machine.ask(second) == machine.true


def test_a_clock_that_stays_stepped_is_followed_by_all(machine: Machine) -> None:
    first, second = machine.process(), machine.process()
    machine.ask(first)
    off = timedelta(hours=1)
    machine.ask(second, off)
    machine.passed += BELIEVED_AFTER
    assert machine.ask(second, off) == machine.true + off
    assert machine.ask(first, off) == machine.true + off


def test_a_clock_that_wanders_is_not_believed(machine: Machine) -> None:
    process = machine.process()
    machine.ask(process)
    for minutes in range(10):
        machine.passed += BELIEVED_AFTER
        assert machine.ask(process, timedelta(minutes=5 * (minutes + 1))) == machine.true


def test_after_a_start_of_the_machine_its_clock_is_believed_anew(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.ask(machine.process())
    other = tmp_path / "boot_id"
    other.write_text("another boot\n")
    monkeypatch.setattr(module, "_BOOT_ID", other)
    off = timedelta(days=-300)
    assert machine.ask(machine.process(), off) == machine.true + off


def test_where_nothing_can_be_agreed_on_the_process_is_told_so(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BOOT_ID", tmp_path / "none")
    assert machine.ask(machine.process()) is None


def test_a_second_machine_on_the_file_is_told_of(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    first, second = machine.process(), machine.process()
    with capture_logs() as logs:
        machine.ask(first)
        own, other = module._BOOT_ID, tmp_path / "boot_id"
        other.write_text("the other machine's")
        monkeypatch.setattr(module, "_BOOT_ID", other)
        machine.ask(second)
        assert logs == []
        monkeypatch.setattr(module, "_BOOT_ID", own)
        machine.ask(first)
    assert [each["event"] for each in logs] == ["database_used_by_another_machine"]
