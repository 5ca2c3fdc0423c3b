"""The one who inflicts the faults strikes nothing that still suffers."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from otp_worker.chaos.history import History
from otp_worker.chaos.nemesis import Nemesis
from otp_worker.chaos.plan import GATEWAY, Fault, Kind


class Supervisor:
    """Nothing dies here."""

    all_run = True

    def watch(self) -> None:
        """Nothing ended."""


@pytest.fixture
def said() -> list[Kind]:
    return []


@pytest.fixture
def nemesis(tmp_path: Path, said: list[Kind]) -> Iterator[Nemesis]:
    knobs = SimpleNamespace(set=lambda **_: None)
    stack: Any = SimpleNamespace(phone=SimpleNamespace(knobs=knobs), fleet={})
    with closing(History(tmp_path / "history.jsonl")) as history:
        yield Nemesis(
            stack,
            cast(Any, None),
            cast(Any, Supervisor()),
            history,
            None,
            lambda fault: said.append(fault.kind),
        )


def test_a_target_that_suffers_is_struck_when_it_is_healed(
    nemesis: Nemesis, said: list[Kind], monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = [Fault(1.0, 4.0, Kind.OFFLINE, GATEWAY), Fault(2.0, 1.0, Kind.ERROR, GATEWAY)]
    clock = SimpleNamespace(seconds=0.0)
    monkeypatch.setattr("time.monotonic", lambda: clock.seconds)
    nemesis.begin(plan)
    for seconds, expected in [
        (0.5, []),
        (1.5, [Kind.OFFLINE]),
        (3.5, [Kind.OFFLINE]),
        (5.6, [Kind.OFFLINE, Kind.ERROR]),
    ]:
        clock.seconds = seconds
        nemesis.act()
        assert said == expected
        assert not nemesis.done
    clock.seconds = 6.7
    nemesis.act()
    assert nemesis.done
    assert [span.fault for span in nemesis.spans] == plan
