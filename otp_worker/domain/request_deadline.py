"""Until when the request in hand must be answered: its waits for the database share one time budget.

Monotonic, so that no step of the clock moves it. Outside of requests there is none.
"""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar

REQUEST_SECONDS = 6.0
"""So long a request waits for the database, in all. To connect to Postgres may take four seconds more."""

_deadline: ContextVar[float | None] = ContextVar("request deadline", default=None)


def of_a_request() -> AbstractContextManager[None]:
    """The time that a request has which begins now."""
    return until(time.monotonic() + REQUEST_SECONDS)


def current() -> float | None:
    """The deadline on the monotonic clock; None outside of requests."""
    return _deadline.get()


def seconds_left(most: float) -> float:
    """How long one wait may take: ``most``, or what is left of the request's time; never negative."""
    deadline = _deadline.get()
    return most if deadline is None else max(min(most, deadline - time.monotonic()), 0.0)


@contextmanager
def until(deadline: float | None) -> Iterator[None]:
    """Let what is done in the block keep this deadline in place of the thread's own."""
    before = _deadline.set(deadline)
    try:
        yield
    finally:
        _deadline.reset(before)
