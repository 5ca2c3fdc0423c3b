"""A web server must outlive a child of its own."""

import random
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from otp_worker.devtools.chaos.plan import WEB, Kind
from otp_worker.devtools.chaos.supervisor import CHILD_SECONDS, Supervisor, child_processes
from otp_worker.devtools.processes.environment import child_environment
from otp_worker.devtools.processes.fleet import Fleet
from tests.devtools.chaos.faults import fault
from tests.waiting import awaited

URL = "http://127.0.0.1:1"


@pytest.fixture(autouse=True)
def serving(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether it serves: what the list says next, and at last yes."""
    said: list[bool] = []
    monkeypatch.setattr(
        "otp_worker.devtools.chaos.supervisor.answers", lambda _: said.pop(0) if said else True
    )
    return said


@pytest.fixture
def parent(tmp_path: Path) -> Iterator[Supervisor]:
    """Two children, whose leader ends as soon as one of them does, as some servers do."""
    with Fleet(tmp_path, cwd=tmp_path, env=child_environment({})) as fleet:
        fleet.start(WEB, "sleep 60 & sleep 60 & wait -n; exit 1".join(["exec bash -c '", "'"]))
        yield Supervisor(
            cast(Any, SimpleNamespace(fleet=fleet, url=URL, process_of=lambda name: name)), random.Random(4)
        )


@pytest.mark.parametrize(("kind", "is_breach"), [(Kind.KILL_CHILD, False), (Kind.KILL_WEB_CHILD, True)])
def test_a_leader_that_dies_of_its_child_is_excused_or_not(
    kind: Kind, is_breach: bool, parent: Supervisor
) -> None:
    assert awaited(lambda: parent.kill(fault(kind, WEB)))
    assert not parent.kill(fault(Kind.KILL_WEB_CHILD, WEB)) or kind is Kind.KILL_CHILD

    def noticed() -> bool:
        parent.watch()
        return not parent.all_run

    assert awaited(noticed)
    assert [death.name for death in parent.died] == ([WEB] if is_breach else [])


def test_children_are_not_killed_so_fast_that_it_is_a_crash_loop(
    parent: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    strict = fault(Kind.KILL_WEB_CHILD, WEB)
    monkeypatch.setattr(parent, "_signal", lambda pid: None)
    assert awaited(lambda: parent.kill(strict))
    assert not parent.kill(strict)
    now = time.monotonic()
    monkeypatch.setattr("time.monotonic", lambda: now + CHILD_SECONDS + 1)
    assert parent.kill(strict)
    assert parent.kills == 2


def test_a_server_that_only_just_starts_loses_no_child(parent: Supervisor, serving: list[bool]) -> None:
    strict = fault(Kind.KILL_WEB_CHILD, WEB)
    assert awaited(lambda: bool(child_processes(parent._fleet[WEB].pid)))
    serving.append(False)
    assert not parent.kill(strict)
    assert parent.kills == 0
    assert parent.kill(strict)
