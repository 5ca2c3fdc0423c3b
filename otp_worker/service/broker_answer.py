"""What a broker answered, as a log or an operator is told."""

import re

MAX_LENGTH = 200
_SENTINEL = re.compile(r"<redis\.client\.Redis\(.*?\)>\)>\)> - ")
"""How redis-py names the Sentinel that it asked, before what that one said: in 400 letters."""


def broker_answer(error: BaseException) -> str:
    """The broker's own words: no password is in them, and no number or code, which it never gets."""
    cause = error.__cause__ or error
    said = _SENTINEL.sub("", str(cause))
    return f"{type(cause).__name__}: {said or 'no answer in time'}"[:MAX_LENGTH]
