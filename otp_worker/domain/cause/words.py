"""Instants, durations and numbers as a support person says them."""

import re
from datetime import datetime, tzinfo

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_TENTHS_BELOW, _SECONDS_BELOW, _MINUTES_BELOW = 10, 100, 100 * 60

_OF_EMAIL = {
    r"\bSMS\b": "e-mail",
    r"\ba phone that can send it\b": "the mail server",
    r"\b([Tt])he phone( that sends it)?\b": r"\1he mail server",
    r"\bthe number\b": "the address",
}


def of_email(text: str) -> str:
    """A sentence about an SMS and its phone, said of an e-mail and its server."""
    for said, meant in _OF_EMAIL.items():
        text = re.sub(said, meant, text)
    return text


def lasting(seconds: float) -> str:
    """A duration with one unit: 1.3 s, 94 s, 12 min, 3 h."""
    held = max(seconds, 0.0)
    if held < _TENTHS_BELOW:
        return f"{held:.1f} s"
    if held < _SECONDS_BELOW:
        return f"{held:.0f} s"
    return f"{held / 60:.0f} min" if held < _MINUTES_BELOW else f"{held / 3600:.0f} h"


def to_the_second(instant: datetime, now: datetime, zone: tzinfo) -> str:
    """A time of day with seconds, and the day before it unless that is today."""
    local = instant.astimezone(zone)
    return f"{_day(local, now)}{local:%H:%M:%S}"


def to_the_minute(instant: datetime, now: datetime, zone: tzinfo) -> str:
    """A time of day without seconds, and the day before it unless that is today."""
    local = instant.astimezone(zone)
    return f"{_day(local, now)}{local:%H:%M}"


def too_late(deadline: str) -> str:
    """That an SMS had not left by its deadline."""
    return f"Not sent by {deadline}, when its time was over"


def day(local: datetime) -> str:
    """The day of a local time, such as 12 May."""
    return f"{local.day} {local:%b}"


def counted(number: int, noun: str) -> str:
    """A number in words as far as ten, with its noun in the plural where that is due."""
    return f"{number_word(number)} {noun}{'' if number == 1 else 's'}"


def number_word(number: int) -> str:
    """A number in words as far as ten."""
    return _NUMBERS[number] if 0 <= number < len(_NUMBERS) else str(number)


def sentence(text: str) -> str:
    """A text as a sentence: a capital letter in front, a full stop at the end."""
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?")) else ".")


def _day(local: datetime, now: datetime) -> str:
    is_today = local.date() == now.astimezone(local.tzinfo).date()
    return "" if is_today else f"{day(local)} "
