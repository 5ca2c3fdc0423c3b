"""The Celery tasks as shells: what they tell Celery."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine

from otp_worker.deliver.retry import RetryAt
from otp_worker.service.celery_app import DELIVER, make_celery
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
