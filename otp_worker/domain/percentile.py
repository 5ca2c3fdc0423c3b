"""Percentiles of times that were counted in buckets, as Prometheus reckons them."""

from collections.abc import Mapping

from otp_worker.domain.tally import BOUNDS_SECONDS


def percentile(share: float, buckets: Mapping[int, int]) -> float | None:
    """The seconds within which a share (from 0 to 1) of all times lies; None of no times.

    ``buckets`` are numbers of times by the place of their upper bound. Within its bucket a time may lie
    anywhere with the same chance; beyond the last bound nothing is known, and the last bound is the answer.
    """
    total = sum(buckets.values())
    if not total:
        return None
    wanted, below = share * total, 0
    for place, bound in enumerate(BOUNDS_SECONDS):
        here = buckets.get(place, 0)
        if here and below + here >= wanted:
            least = BOUNDS_SECONDS[place - 1] if place else 0.0
            return least + (bound - least) * (wanted - below) / here
        below += here
    return BOUNDS_SECONDS[-1]
