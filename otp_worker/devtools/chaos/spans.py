"""How much of a time lies in others."""

from collections.abc import Iterable
from datetime import datetime


def covered(spans: Iterable[tuple[datetime, datetime]], begins: datetime, ends: datetime) -> float:
    """How many seconds between two instants lie in any of the spans."""
    covered, reached = 0.0, begins
    for begun, healed in sorted(spans):
        covered += max((min(healed, ends) - max(begun, reached)).total_seconds(), 0.0)
        reached = max(reached, min(healed, ends))
    return covered
