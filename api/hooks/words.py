"""What the person who asked for a code is told where it is not sent."""

import math
from collections.abc import Mapping
from typing import Any

USUAL = "The message cannot be sent now. Try again later."
_BAD_NUMBER = "This is not a mobile number that can receive messages."
_NOT_NOW = "No message can be sent to this number now."
_SENTENCES = {
    "limit_reached": "Too many codes were asked for.",
    "too_soon": "Too many codes were asked for.",
    "sends_paused": _NOT_NOW,
    "number_reported": _NOT_NOW,
    "opted_out": "This number wants no messages from us. Text START to us from it, or give another number.",
    "country_not_allowed": "We send no messages to the country of this number.",
}


def for_person(kind: str, members: Mapping[str, Any], retry_after: str | None) -> str | None:
    """Why there is no message and what to do, by a problem's kind; None where the person can do nothing."""
    if kind == "invalid_field":
        fields = {each["field"] for each in members.get("errors", ())}
        return _BAD_NUMBER if fields == {"to"} else None
    sentence = _SENTENCES.get(kind)
    if sentence is None or retry_after is None:
        return sentence
    return f"{sentence} Try again in {_span(int(retry_after))}."


def _span(seconds: int) -> str:
    for unit, length in (("hour", 3600), ("minute", 60)):
        if seconds > length:
            return f"{math.ceil(seconds / length)} {unit}s"
    return f"{seconds} second{'s' if seconds != 1 else ''}"
