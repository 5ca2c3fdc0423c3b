"""When a process that died is started again."""

from otp_worker.service.processes.restarts import SLOW_SECONDS, Restarts


def test_the_pauses_grow() -> None:
    restarts = Restarts()
    assert [restarts.died(now - 1, now) for now in (1.0, 3.0, 5.0, 8.0)] == [0.5, 1.0, 2.0, 4.0]
    assert not restarts.slow


def test_what_dies_five_times_a_minute_is_tried_every_thirty_seconds() -> None:
    restarts = Restarts()
    pauses = [restarts.died(now - 1, now) for now in (1.0, 3.0, 5.0, 8.0, 13.0, 44.0, 75.0, 106.0)]
    assert pauses[4:] == [SLOW_SECONDS] * 4
    assert restarts.slow


def test_what_has_lived_for_a_minute_is_started_again_at_once() -> None:
    restarts = Restarts()
    for now in (1.0, 3.0, 5.0, 8.0, 13.0):
        restarts.died(now - 1, now)
    assert restarts.died(44.0, 104.0) == 0.5
    assert not restarts.slow


def test_deaths_of_an_earlier_minute_do_not_count() -> None:
    restarts = Restarts()
    pauses = [restarts.died(now - 20, now) for now in range(20, 400, 20)]
    assert max(pauses) == 4.0
