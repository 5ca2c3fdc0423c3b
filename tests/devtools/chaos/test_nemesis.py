"""The one who inflicts the faults strikes nothing that is frozen: it could not even answer."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from otp_worker.devtools.chaos.history import History
from otp_worker.devtools.chaos.nemesis import Nemesis
from otp_worker.devtools.chaos.plan import BROKER, GATEWAY, Fault, Kind


class Supervisor:
    """Kills whatever it is told to."""

    all_run = True

    def watch(self) -> None:
        """Nothing ended."""

    def kill(self, _: Fault) -> bool:
        return True


@pytest.fixture
def said() -> list[Kind]:
    return []


@pytest.fixture
def nemesis(tmp_path: Path, said: list[Kind]) -> Iterator[Nemesis]:
    knobs = SimpleNamespace(set=lambda **_: None)
    process = SimpleNamespace(pause=lambda: None, resume=lambda: None)
    stack: Any = SimpleNamespace(phone=SimpleNamespace(knobs=knobs), fleet={BROKER: process})
    supervisor = cast(Any, Supervisor())
    with closing(History(tmp_path / "history.jsonl")) as history:
        yield Nemesis(
            stack, cast(Any, None), supervisor, history, None, lambda fault: said.append(fault.kind)
        )


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
