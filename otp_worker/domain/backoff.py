"""How long to wait before the next try."""

BACKOFF_SECONDS = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0)
JITTER = 0.25


def backoff_seconds(attempt: int, chance: float) -> float:
    """How long to wait after an attempt, counted from 1; ``chance`` in [0, 1) spreads it by a quarter."""
    step = BACKOFF_SECONDS[min(attempt, len(BACKOFF_SECONDS)) - 1]
    return step * (1 - JITTER + 2 * JITTER * chance)
