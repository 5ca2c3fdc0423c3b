"""One kind of work holds only its part of the threads."""

import pytest

from otp_worker.service.bulkhead import Bulkhead


def test_so_many_run_at_once_and_no_more() -> None:
    bulkhead = Bulkhead(2)
    with bulkhead.enter() as first, bulkhead.enter() as second, bulkhead.enter() as third:
        assert (first, second, third) == (True, True, False)
    with bulkhead.enter() as after:
        assert after


def test_a_run_that_fails_gives_its_place_back() -> None:
    bulkhead = Bulkhead()
    with pytest.raises(ValueError, match="failed"), bulkhead.enter():
        raise ValueError("failed")
    with bulkhead.enter() as after:
        assert after


def test_a_run_that_comes_too_soon_after_the_one_before_is_not_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    passed = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: passed[0])
    bulkhead = Bulkhead(pause_seconds=1.0)
    ran = []
    for instant in (0.0, 0.9, 1.0, 1.1, 2.0):
        passed[0] = instant
        with bulkhead.enter() as may_run:
            ran.append(may_run)
    assert ran == [True, False, True, False, True]
