"""One setting of an app: what it is called, what it may be, and how it is written in one line of text."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

NO_LIMIT = "none"
"""No limit, as a line of text."""


_SWITCH = {"on": True, "off": False}


class SettingKind(StrEnum):
    """How a setting is written in one line of text."""

    TEXT = "text"
    NUMBER = "number"
    LIST = "list"
    RATES = "rates"
    BUCKETS = "buckets"
    SWITCH = "switch"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: what it is called, what it does, and ``judge``, which raises ValueError with the fix."""

    title: str
    meaning: str
    example: str
    judge: Callable[[Any], object]
    kind: SettingKind = SettingKind.TEXT

    def of_text(self, text: str) -> object:
        """The value that a line of text means: commas between the parts of a list, ``none`` for no limit."""
        if self.kind is SettingKind.RATES and text.strip().lower() == NO_LIMIT:
            return ""
        if self.kind is SettingKind.BUCKETS:
            pairs = (part.partition("=") for part in text.split(";"))
            return {name.strip(): rates.strip() for name, _, rates in pairs}
        if self.kind is SettingKind.SWITCH:
            return _SWITCH.get(text.strip().lower(), text)
        if self.kind is SettingKind.LIST:
            return [part.strip() for part in text.split(",")]
        if self.kind is SettingKind.NUMBER and text.strip().isdecimal():
            return int(text)
        return text.strip()

    def text_of(self, value: object) -> str:
        """A value as a line of text."""
        if self.kind is SettingKind.RATES and value == "":
            return NO_LIMIT
        if isinstance(value, bool):
            return "on" if value else "off"
        if isinstance(value, Mapping):
            return ";".join(f"{name}={rates}" for name, rates in value.items())
        return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
