"""Beat's schedule, whatever happens to the wall clock."""

from datetime import timedelta

import pytest
import time_machine
from celery.beat import Scheduler

from otp_worker.service.celery_app import CANARY, EVERY_SECONDS, EXPIRE, RELEASE, make_celery


@pytest.mark.parametrize("hours", [-1, 0, 2])
def test_a_clock_that_is_set_leaves_no_gap_in_the_sweeps(monkeypatch: pytest.MonkeyPatch, hours: int) -> None:
    passed = [1000.0]
    monkeypatch.setattr("time.monotonic", lambda: passed[0])
    with time_machine.travel("2026-03-01 12:00:00Z", tick=False) as wall:
        beat = Scheduler(make_celery("memory://", canary_seconds=600), lazy=False)
        sent: list[str] = []
        beat.apply_async = lambda entry, **_: sent.append(entry.task)
        for seconds in range(240):
            if seconds == 120:
                wall.shift(timedelta(hours=hours))
            passed[0] += 0.5
            wall.shift(0.5)
            while beat.tick() == 0:
                pass
            if seconds == 119:
                first_minute = len(sent)
    # As many in the minute after the step as in the one before it.
    assert sent[first_minute:].count(RELEASE) == pytest.approx(sent[:first_minute].count(RELEASE), abs=1)
    assert sent[first_minute:].count(RELEASE) == pytest.approx(120, abs=2)
    assert sent[first_minute:].count(EXPIRE) == pytest.approx(30, abs=1)


def test_no_message_of_beat_expires_by_a_clock_that_is_an_hour_apart_from_beats() -> None:
    """An upkeep that is ahead of beat would drop every one of them."""
    entries = make_celery("memory://", canary_seconds=600).conf.beat_schedule
    assert set(entries) == {*EVERY_SECONDS, CANARY}
    assert all(entry["options"]["expires"] > 3600 for entry in entries.values())
