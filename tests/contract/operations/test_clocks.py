"""Clocks that are apart, or are set: the database's own tells what is over and what is due."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
import time_machine

from otp_worker.devtools.processes.postgres import EmbeddedPostgres
from otp_worker.service.celery_app import EXPIRE, PURGE, make_celery
from otp_worker.service.roles import load_settings
from otp_worker.service.tasks import register_tasks
from otp_worker.service.worker_assembly import WorkerParts
from otp_worker.service.worker_wiring import build_worker


@pytest.mark.parametrize("hours", [-30, 30])
def test_an_upkeep_whose_clock_is_wrong_sweeps_by_the_databases(
    postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    """It would end codes that live and forget requests that may be repeated, or sweep nothing at all."""
    for name, value in {
        "DATABASE_URL": postgres.url_of("migrated").replace("postgresql://", "postgresql+psycopg://"),
        "BROKER_URL": "redis://127.0.0.1:1/0",
        "SECRET_KEY": "a root secret of the tests that is long enough",
        "COUNTRIES": "GB",
        "PUBLIC_URL": "",
        "GATEWAY_URL": "http://127.0.0.1:1/v1",
        "GATEWAY_KEY": "sk_live_x",
    }.items():
        monkeypatch.setenv(f"OTP_{name}", value)
    parts = build_worker(load_settings("worker"), make_celery("memory://"))
    now = datetime.now(UTC)
    with time_machine.travel(now + timedelta(hours=hours)):
        swept_at = parts.clock()
    parts.db.close()
    assert abs(swept_at - now) < timedelta(minutes=5)


def test_sweeps_that_piled_up_are_one_run() -> None:
    ran: list[object] = []

    def sweep(now: object) -> int:
        ran.append(now)
        return 0

    expirer = SimpleNamespace(expire=sweep, purge=sweep)
    parts: Any = SimpleNamespace(
        expirer=expirer, notifier=SimpleNamespace(give_up=len), count_steps=len, clock=list
    )
    app = make_celery("memory://")
    register_tasks(app, lambda: cast(WorkerParts, parts))
    for _ in range(1000):
        app.tasks[EXPIRE]()
    assert len(ran) == 1
    app.tasks[PURGE]()
    assert len(ran) == 2
