"""A process of the service lives by the clock, the names and the trust that the run gives it."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from otp_worker.devtools.chaos.families import Family
from otp_worker.devtools.chaos.injectors import ClockInjector, NamesInjector
from otp_worker.devtools.chaos.insides import SKEW_SECONDS, Insides
from otp_worker.devtools.chaos.plan import RESOLVER, Kind
from otp_worker.devtools.processes.environment import child_environment
from tests.devtools.chaos.faults import fault
from tests.waiting import awaited

TELL = """
import datetime, socket, sys, time
for line in sys.stdin:
    asked = time.monotonic()
    socket.getaddrinfo(line.strip(), 80)
    now = time.time()
    print(now, datetime.datetime.now(datetime.UTC).timestamp(), time.monotonic() - asked, flush=True)
"""


class Talker:
    """A Python that tells its wall clock by two ways, and how long a look-up of a name took it."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", TELL],
            env=child_environment(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> "Talker":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=10)

    def ask(self, name: str = "127.0.0.1") -> tuple[float, float, float]:
        """How far ahead its clock is at least and at most, and the seconds of a look-up."""
        before = time.time()
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{name}\n")
        self._process.stdin.flush()
        clock, other, took = map(float, self._process.stdout.readline().split())
        assert abs(clock - other) < 60
        return clock - time.time(), clock - before, took


def is_ahead(talker: Talker, seconds: float) -> bool:
    least, most, _ = talker.ask()
    return least - 0.05 <= seconds <= most + 0.05


def test_a_process_lives_by_a_clock_that_is_a_little_off_and_can_be_stepped(tmp_path: Path) -> None:
    insides = Insides(tmp_path, [Family.CLOCKS], 4)
    injector = ClockInjector(insides)
    skew = insides.skew_of("beat")
    with Talker(insides.environment("beat")) as beat, Talker(insides.environment("web")) as web:
        assert is_ahead(beat, skew)
        for step in (-3600.0, 3600.0):
            stepped = fault(Kind.CLOCK_STEP, "beat", step)
            assert injector.inject(stepped)
            assert awaited(lambda: is_ahead(beat, skew + step))  # noqa: B023 - called at once
            assert is_ahead(web, insides.skew_of("web"))
            assert injector.heal(stepped)
            assert awaited(lambda: is_ahead(beat, skew))


def test_clocks_differ_by_the_seed_and_by_no_more_than_is_allowed_for(tmp_path: Path) -> None:
    names = [f"worker.{number}" for number in range(50)]
    skews = [Insides(tmp_path, [Family.CLOCKS], 4).skew_of(name) for name in names]
    assert skews == [Insides(tmp_path, [Family.CLOCKS], 4).skew_of(name) for name in names]
    assert skews != [Insides(tmp_path, [Family.CLOCKS], 5).skew_of(name) for name in names]
    assert max(map(abs, skews)) <= SKEW_SECONDS
    assert min(skews) < 0 < max(skews)


def test_a_name_is_looked_up_slowly_and_an_address_is_not(tmp_path: Path) -> None:
    insides = Insides(tmp_path, [Family.RESOLVER], 4)
    injector = NamesInjector(insides)
    slow = fault(Kind.SLOW_NAMES, RESOLVER, 1.5)
    with Talker(insides.environment("worker.1")) as worker:
        assert worker.ask("localhost")[2] < 1.5
        assert injector.inject(slow)
        assert worker.ask("localhost")[2] >= 1.5
        assert worker.ask("127.0.0.1")[2] < 1.5
        assert injector.heal(slow)
        assert worker.ask("localhost")[2] < 1.5


def test_a_process_that_nothing_is_to_be_done_to_is_started_as_ever(tmp_path: Path) -> None:
    assert Insides(tmp_path, [Family.USUAL], 4).environment("web") == {}


def test_a_process_that_works_in_another_folder_finds_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    insides = Insides(Path("kept"), [Family.CLOCKS], 4)
    environment = insides.environment("beat")
    monkeypatch.chdir("/")
    with Talker(environment) as beat:
        assert ClockInjector(insides).inject(fault(Kind.CLOCK_STEP, "beat", 600.0))
        assert awaited(lambda: is_ahead(beat, 600.0 + insides.skew_of("beat")))
