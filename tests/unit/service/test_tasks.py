"""The Celery tasks as shells: what they tell Celery."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine

from otp_worker.deliver.retry import RetryAt
from otp_worker.service.celery_app import DELIVER, PURGE, RELEASE, make_celery
from otp_worker.service.tasks import register_tasks

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class RetriedError(Exception):
    """What a task raises in place of Celery's own retry."""

    def __init__(self, eta: datetime) -> None:
        super().__init__(eta)
        self.eta = eta


@pytest.mark.parametrize("hours", [-1, 0, 1])
def test_a_retry_is_held_by_the_machines_clock_for_as_long_as_the_services_clock_says(
    monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    app = make_celery("redis://127.0.0.1:1/0")
    retry_at = NOW + timedelta(seconds=5)
    parts: Any = SimpleNamespace(
        deliverer=SimpleNamespace(deliver=lambda _: RetryAt(retry_at)), clock=lambda: NOW
    )
    register_tasks(app, lambda: parts)
    task = app.tasks[DELIVER]
    monkeypatch.setattr(task, "retry", RetriedError)
    machine = NOW + timedelta(hours=hours)
    with time_machine.travel(machine, tick=False), pytest.raises(RetriedError) as raised:
        task.run("ver_1.1")
    assert raised.value.eta == machine + timedelta(seconds=5)


@pytest.mark.parametrize("failing", ["expirer", "recovery", "notifier"])
def test_a_part_of_the_release_that_fails_keeps_no_other_from_its_turn(failing: str) -> None:
    turns: list[str] = []
    app = make_celery("redis://127.0.0.1:1/0")
    register_tasks(app, lambda: _parts(failing, turns))
    assert app.tasks[RELEASE].run() == f"{len(turns) - (failing != 'recovery')} published again"
    assert turns == [part for part in ("expirer", "recovery", "notifier", "confirmer") if part != failing]


def test_a_purge_that_fails_keeps_no_notice_from_being_given_up() -> None:
    turns: list[str] = []
    app = make_celery("redis://127.0.0.1:1/0")
    register_tasks(app, lambda: _parts("expirer", turns))
    assert app.tasks[PURGE].run() == "1 purged"
    assert turns == ["notifier"]


def _parts(failing: str, turns: list[str]) -> Any:
    """Parts of which each writes down that it had its turn, and one fails instead."""

    def turn(name: str, answer: object) -> Any:
        def take(*_: object) -> object:
            if name == failing:
                raise ValueError(name)
            turns.append(name)
            return answer

        return take

    return SimpleNamespace(
        clock=lambda: NOW,
        expirer=SimpleNamespace(enqueue_due=turn("expirer", 1), purge=turn("expirer", 1)),
        recovery=SimpleNamespace(ask=turn("recovery", False)),
        notifier=SimpleNamespace(publish_due=turn("notifier", 1), give_up=turn("notifier", 1)),
        confirmer=SimpleNamespace(publish_waiting=turn("confirmer", 1)),
        queue=SimpleNamespace(publish_notice=None, publish_confirmation=None),
    )
