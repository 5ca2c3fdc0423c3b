"""What may be set on a knob, and how it is written on the command line."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

FLAGS = {"true": True, "on": True, "yes": True, "false": False, "off": False, "no": False}


@dataclass(frozen=True)
class Kind:
    """A kind of value; `read` takes one from a word and raises ValueError or KeyError where it cannot."""

    says: str
    accepts: Callable[[Any], bool]
    read: Callable[[str], object]
    keep: Callable[[Any], object] = lambda value: value


def is_web_address(value: object) -> bool:
    """Whether a value is an absolute http or https URL."""
    if not isinstance(value, str) or not value.isprintable() or " " in value:
        return False
    try:
        parts = urlsplit(value)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def is_whole(value: object, least: int, most: int) -> bool:
    """Whether a value is a whole number between two others; true and false are not numbers here."""
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _is_seconds(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 3600


def _is_words(value: object) -> bool:
    return isinstance(value, list | tuple | set) and all(isinstance(word, str) and word for word in value)


def _read_words(word: str) -> list[str]:
    return [part.strip() for part in word.split(",") if part.strip()]


def _or_none(read: Callable[[str], object]) -> Callable[[str], object]:
    return lambda word: None if word in ("", "none", "null") else read(word)


FLAG = Kind("true or false", lambda value: isinstance(value, bool), lambda word: FLAGS[word.lower()])
SECONDS = Kind("a number of seconds from 0 to 3600", _is_seconds, float, float)
WHOLE_SECONDS = Kind("a whole number of seconds from 0 to 3600", lambda value: is_whole(value, 0, 3600), int)
PERCENT = Kind("a whole number from 0 to 100", lambda value: is_whole(value, 0, 100), int)
STATUS = Kind(
    "a status from 500 to 599, or null",
    lambda value: value is None or is_whole(value, 500, 599),
    _or_none(int),
)
WORDS = Kind("a list of strings", _is_words, _read_words, tuple)
ADDRESS = Kind(
    "an http or https URL, or null", lambda value: value is None or is_web_address(value), _or_none(str)
)
