"""What the steps are given to reach the world: a clock, and a way to publish."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

Clock = Callable[[], datetime]
Publish = Callable[[str], bool]
"""Puts an id on the queue; False, never an exception, if it could not: then the sweep publishes it."""
PublishAll = Callable[[Sequence[str]], bool]
"""Puts ids on the queue, in one go; False, never an exception, if they are not all there."""


def utc_now() -> datetime:
    """The present instant."""
    return datetime.now(UTC)
