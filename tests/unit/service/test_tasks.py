"""The Celery tasks as shells: what they tell Celery."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from celery import Task
from celery.app.trace import build_tracer
from structlog.testing import capture_logs

from otp_worker.deliver.result import Delivered, Elsewhere, Result, Waiting
from otp_worker.deliver.retry import RetryAt
from otp_worker.service.celery_app import DELIVER, PURGE, RELEASE, make_celery
from otp_worker.service.tasks import register_tasks

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class RetriedError(Exception):
    """What a task raises in place of Celery's own retry."""

    def __init__(self, eta: datetime, exc: Exception) -> None:
        super().__init__(eta)
        self.eta = eta


@pytest.mark.parametrize("hours", [-1, 0, 1])
def test_a_retry_is_held_by_the_machines_clock_for_as_long_as_the_services_clock_says(
    monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    app = make_celery("redis://127.0.0.1:1/0")
    retry_at = NOW + timedelta(seconds=5)
    parts: Any = SimpleNamespace(
        deliverer=SimpleNamespace(deliver=lambda *_: RetryAt(retry_at)), clock=lambda: NOW
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


def traced(deliver: Any) -> tuple[str, str | None, list[str]]:
    """What Celery makes of one delivery's task: its state and what it says, and what it published."""
    app = make_celery("redis://127.0.0.1:1/0")
    parts: Any = SimpleNamespace(deliverer=SimpleNamespace(deliver=deliver), clock=lambda: NOW)
    register_tasks(app, lambda: parts)
    published: list[str] = []
    task = app.tasks[DELIVER]
    task.apply_async = lambda *args, **options: published.append(options["task_id"])
    trace = build_tracer(DELIVER, task, app=app)
    request = {"id": "ver_1.1", "delivery_info": {"exchange": "", "routing_key": "otp.deliver"}}
    traced = trace("ver_1.1", ["ver_1.1"], {}, request)
    info = traced.info
    said = traced.retval if info is None else str(getattr(info.retval, "exc", None))
    return ("SUCCESS" if info is None else info.state), said, published


@pytest.mark.parametrize(
    ("result", "state", "said", "published"),
    [
        (Delivered("sent by gb1 on attempt 1"), "SUCCESS", "sent by gb1 on attempt 1", []),
        (RetryAt(NOW + timedelta(seconds=5)), "RETRY", "the next attempt is at 12:00:05Z", ["ver_1.1"]),
        (Waiting("no phone is online"), "RETRY", "waits in the database: no phone is online", []),
        (Elsewhere(), "IGNORED", "None", []),
    ],
)
def test_a_task_is_a_success_only_when_its_delivery_is_over(
    result: Result, state: str, said: str, published: list[str]
) -> None:
    assert traced(lambda *_: result) == (state, said, published)


def test_an_attempt_that_fails_unforeseen_is_retried_and_what_the_error_says_is_shown_to_nobody() -> None:
    def fail(delivery_id: str, _: str | None) -> Result:
        raise ValueError("the code of +447400123456 is 123456")

    with capture_logs() as logs:
        assert traced(fail) == ("RETRY", "waits in the database: its attempt ended with ValueError", [])
    assert [(each["event"], each["error"]) for each in logs] == [("attempt_failed", "ValueError")]
    assert "123456" not in str(logs)


def test_events_tell_of_deliveries_alone() -> None:
    app = make_celery("redis://127.0.0.1:1/0")
    register_tasks(app, lambda: None)  # type: ignore[arg-type, return-value]
    ours = {name: task for name, task in app.tasks.items() if name.startswith("otp.")}
    assert [name for name, task in ours.items() if isinstance(task, Task) and task.send_events] == [DELIVER]
    assert len(ours) == 10
