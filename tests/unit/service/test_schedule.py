"""What beat runs, and how often."""

from datetime import timedelta

from otp_worker.service.celery_app import CANARY, make_celery


def test_canaries_leave_as_often_as_it_is_said_and_not_at_all_unless_it_is() -> None:
    assert CANARY not in make_celery("redis://127.0.0.1:1/0").conf.beat_schedule
    schedule = make_celery("redis://127.0.0.1:1/0", canary_seconds=600).conf.beat_schedule
    assert schedule[CANARY]["schedule"].run_every == timedelta(seconds=600)
