"""Waiting for what happens elsewhere, as short as it can be."""

import time
from collections.abc import Callable


def awaited(condition: Callable[[], bool], seconds: float = 10) -> bool:
    """Whether the condition came true within that time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True
