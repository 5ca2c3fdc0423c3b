"""An instant as a person reads it."""

from datetime import datetime, timedelta

_HALF_A_DAY = 12 * 3600


def time_of_day(instant: datetime, within_seconds: float | None) -> str:
    """An instant at most ``within_seconds`` ahead, in whole seconds of UTC.

    Its date stands beside it where it can be further off than half a day, or nobody knows (None).
    """
    # The next whole second: a person who comes back at what was said is not too soon again.
    whole = instant if instant.microsecond == 0 else instant + timedelta(seconds=1)
    time = f"{whole:%H:%M:%SZ}"
    near = within_seconds is not None and within_seconds <= _HALF_A_DAY
    return time if near else f"{time} on {whole:%Y-%m-%d}"
