"""The one who inflicts the faults strikes nothing that is frozen: it could not even answer."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from otp_worker.devtools.chaos.history import History
from otp_worker.devtools.chaos.injectors import FreezeInjector, Injector, KillInjector, KnobInjector
from otp_worker.devtools.chaos.nemesis import Nemesis
from otp_worker.devtools.chaos.plan import BROKER, GATEWAY, Fault, Kind
from otp_worker.devtools.simulator.knobs import Knobs


class Supervisor:
    """Kills whatever it is told to."""

    all_run = True

    def watch(self) -> None:
        """Nothing ended."""

    def kill(self, _: Fault) -> bool:
        return True

    def runs(self, _: str) -> bool:
        return True


@pytest.fixture
def said() -> list[Kind]:
    return []


@pytest.fixture
def nemesis(tmp_path: Path, said: list[Kind]) -> Iterator[Nemesis]:
    fleet = {BROKER: SimpleNamespace(pause=lambda: None, resume=lambda: None)}
    stack = cast(Any, SimpleNamespace(fleet=fleet, process_of=lambda name: name))
    supervisor = cast(Any, Supervisor())
    knobs = Knobs()
    injectors: dict[Kind, Injector] = {
        Kind.FREEZE: FreezeInjector(stack),
        Kind.KILL_LOSING_DATA: KillInjector(supervisor),
        Kind.SLOW: KnobInjector(knobs, {"slow_seconds": 0.7}),
        Kind.ERROR: KnobInjector(knobs, {"error_status": 500}),
    }
    with closing(History(tmp_path / "history.jsonl")) as history:
        yield Nemesis(injectors, supervisor, history, lambda fault: said.append(fault.kind))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    clock = SimpleNamespace(seconds=0.0)
    monkeypatch.setattr("time.monotonic", lambda: clock.seconds)
    return clock


def test_what_is_frozen_is_struck_when_it_runs_again(
    nemesis: Nemesis, said: list[Kind], clock: SimpleNamespace
) -> None:
    plan = [Fault(1.0, 4.0, Kind.FREEZE, BROKER), Fault(2.0, 1.0, Kind.KILL_LOSING_DATA, BROKER)]
    nemesis.begin(plan)
    for seconds, expected in [
        (0.5, []),
        (1.5, [Kind.FREEZE]),
        (3.5, [Kind.FREEZE]),
        (5.6, [Kind.FREEZE, Kind.KILL_LOSING_DATA]),
    ]:
        clock.seconds = seconds
        nemesis.act()
        assert said == expected
        assert not nemesis.done
    clock.seconds = 6.7
    nemesis.act()
    assert nemesis.done
    assert [span.fault for span in nemesis.spans] == plan


def test_a_gateway_may_have_several_troubles_at_once(
    nemesis: Nemesis, said: list[Kind], clock: SimpleNamespace
) -> None:
    nemesis.begin([Fault(1.0, 4.0, Kind.SLOW, GATEWAY), Fault(1.0, 4.0, Kind.ERROR, GATEWAY)])
    clock.seconds = 1.0
    nemesis.act()
    assert said == [Kind.SLOW, Kind.ERROR]


class Reluctant:
    """An injector that does nothing the first time it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def inject(self, _: Fault) -> bool:
        self.asked.append("inject")
        return self.asked.count("inject") > 1

    def heal(self, _: Fault) -> bool:
        self.asked.append("heal")
        return self.asked.count("heal") > 1


def test_what_cannot_be_done_just_now_is_done_later_and_is_recorded_once(
    nemesis: Nemesis, said: list[Kind], clock: SimpleNamespace
) -> None:
    reluctant = Reluctant()
    nemesis.injectors = {Kind.CLOCK_STEP: reluctant}
    step = Fault(1.0, 2.0, Kind.CLOCK_STEP, "beat", -3600.0)
    nemesis.begin([step])
    for seconds, spans in [(1.0, 0), (2.0, 0), (3.9, 0), (4.0, 0), (4.1, 1)]:
        clock.seconds = seconds
        nemesis.act()
        assert len(nemesis.spans) == spans
    assert nemesis.done
    assert reluctant.asked == ["inject", "inject", "heal", "heal"]
    assert said == [Kind.CLOCK_STEP]
    nemesis.history.close()
    recorded = [json.loads(line) for line in nemesis.history.path.read_text().splitlines()]
    assert [event["f"] for event in recorded] == ["begun: clock stepped", "healed: clock stepped"]
    assert {event["value"]["by_seconds"] for event in recorded} == {-3600.0}
