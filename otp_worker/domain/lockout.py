"""How long a number is locked after wrong codes: one pure function."""

from datetime import datetime, timedelta

FREE_FAILURES = 10
FIRST_LOCK_SECONDS = 30
LONGEST_LOCK_SECONDS = 3600
HARD_CAP = 100
"""After so many failures in a row only an operator unlocks (NIST SP 800-63B-4, 3.2.2)."""


def locked_until(failures: int, now: datetime) -> datetime | None:
    """Until when a number is locked after so many failures in a row: 30 s from the tenth, doubling to 1 h."""
    if failures < FREE_FAILURES:
        return None
    doublings = min(failures - FREE_FAILURES, 20)
    return now + timedelta(seconds=min(FIRST_LOCK_SECONDS * 2**doublings, LONGEST_LOCK_SECONDS))
