"""What SMSGate's server takes for a message, as its sources validate it."""

from collections.abc import Mapping
from typing import Final

from ..exchange import Issue, ValidationError
from ..kinds import is_whole
from ..messages import Draft

DEVICE: Final = "simulated-device-0001"
ID_LENGTH = 36
DEVICE_LENGTH = 21
TEXT_LENGTH = 65_535
NUMBER_LENGTH = 128
LONGEST_TTL_SECONDS = 10**9


def read_draft(asked: Mapping[str, object]) -> Draft:
    """A valid message to one number; raises ValidationError naming each field that is wrong.

    The server takes up to a hundred numbers; this phone takes one. Unknown fields are ignored.
    """
    given = {name: value for name, value in asked.items() if value is not None}
    text, number = _text(given.get("textMessage")), _only(given.get("phoneNumbers"))
    checks = {
        "id": (_is_text(given.get("id", "x"), ID_LENGTH), "must be 1 to 36 characters"),
        "deviceId": (_is_text(given.get("deviceId", "x"), DEVICE_LENGTH), "must be 1 to 21 characters"),
        "textMessage": (_is_text(text, TEXT_LENGTH), "must have a text"),
        "phoneNumbers": (_is_text(number, NUMBER_LENGTH), "must be a list of one number"),
        "simNumber": (is_whole(given.get("simNumber", 1), 1, 3), "must be 1, 2 or 3"),
        "ttl": (is_whole(given.get("ttl", 5), 5, LONGEST_TTL_SECONDS), "must be 5 seconds or more"),
        "priority": (is_whole(given.get("priority", 0), -128, 127), "must be from -128 to 127"),
        "withDeliveryReport": (isinstance(given.get("withDeliveryReport", True), bool), "must be a boolean"),
    }
    issues = [Issue(name, message) for name, (holds, message) in checks.items() if not holds]
    if issues:
        raise ValidationError(*issues)
    message_id, sim, ttl = (given.get(name) for name in ("id", "simNumber", "ttl"))
    return Draft(
        to=str(number),
        text=str(text),
        ref=None if message_id is None else str(message_id),
        sim=None if sim is None else str(sim),
        life_seconds=float(ttl) if isinstance(ttl, int) else None,
        id=None if message_id is None else str(message_id),
    )


def wants_this_phone(asked: Mapping[str, object]) -> bool:
    """Whether a message is for any phone, or for this one."""
    return asked.get("deviceId") in (None, DEVICE)


def asks_for_an_active_phone(query: Mapping[str, str]) -> bool:
    """Whether only a phone that was seen in the last hours is to be chosen."""
    return query.get("deviceActiveWithin", "0") != "0"


def _text(content: object) -> object:
    return content.get("text") if isinstance(content, dict) else None


def _is_text(value: object, longest: int) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= longest


def _only(values: object) -> object:
    return values[0] if isinstance(values, list) and len(values) == 1 else None
