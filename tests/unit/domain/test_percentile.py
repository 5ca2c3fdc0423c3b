"""Percentiles of times that were counted in buckets."""

from bisect import bisect_left

import pytest

from otp_worker.domain.percentile import percentile
from otp_worker.domain.tally import BOUNDS_SECONDS, Counted, timed


def test_of_no_times_there_is_none() -> None:
    assert percentile(0.95, {}) is None


@pytest.mark.parametrize("seconds", [0.01, 0.2, 0.21, 2.2, 7.0, 100.0, 599.0])
def test_a_percentile_lies_in_the_bucket_of_the_times(seconds: float) -> None:
    place = bisect_left(BOUNDS_SECONDS, seconds)
    found = percentile(0.95, {place: 100})
    assert found is not None
    assert (BOUNDS_SECONDS[place - 1] if place else 0.0) < found <= BOUNDS_SECONDS[place]


def test_the_few_slow_ones_are_beyond_the_median_and_within_the_95th_percentile() -> None:
    buckets = {BOUNDS_SECONDS.index(1.0): 90, BOUNDS_SECONDS.index(5.0): 10}
    median, slow = percentile(0.5, buckets), percentile(0.95, buckets)
    assert median is not None
    assert slow is not None
    assert median <= 1.0
    assert 4.0 < slow <= 5.0


def test_what_took_longer_than_the_last_bound_is_told_as_that() -> None:
    assert timed(Counted.HTTP_REQUEST, 900_000).tally.bucket == len(BOUNDS_SECONDS)
    assert percentile(0.5, {len(BOUNDS_SECONDS): 3}) == BOUNDS_SECONDS[-1]
