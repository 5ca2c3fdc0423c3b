"""What an SMS is written in: GSM-7 with its extension table, or UCS-2 (3GPP TS 23.038)."""

import math
from dataclasses import dataclass
from enum import StrEnum

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = frozenset("\f^{}\\[~]|€")
"""Two septets each: an escape, then the character."""
GSM7_SEGMENT, _GSM7_PART = 160, 153
UCS2_SEGMENT, _UCS2_PART = 70, 67


class Alphabet(StrEnum):
    """The alphabet of an SMS."""

    GSM7 = "gsm7"
    UCS2 = "ucs2"


@dataclass(frozen=True, slots=True)
class Size:
    """How much a text takes: ``units`` are septets of GSM-7, or code units of UTF-16."""

    alphabet: Alphabet
    units: int

    @property
    def segments(self) -> int:
        """How many SMS it is sent and paid as. A part of several holds a header, and so less text."""
        one, part = (
            (GSM7_SEGMENT, _GSM7_PART) if self.alphabet is Alphabet.GSM7 else (UCS2_SEGMENT, _UCS2_PART)
        )
        return 1 if self.units <= one else math.ceil(self.units / part)


def size_of(text: str) -> Size:
    """The size of a text in the alphabet that it needs."""
    if is_gsm7(text):
        return Size(Alphabet.GSM7, len(text) + sum(character in _EXTENSION for character in text))
    return Size(Alphabet.UCS2, len(text.encode("utf-16-le")) // 2)


def is_gsm7(text: str) -> bool:
    """Whether GSM-7 with its extension table can write the text; anything else makes an SMS UCS-2."""
    return not outside_gsm7(text)


def is_basic_gsm7(text: str) -> bool:
    """Whether GSM-7 can write the text without its extension table."""
    return _BASIC.issuperset(text)


def outside_gsm7(text: str) -> set[str]:
    """The characters of a text that GSM-7 cannot write."""
    return set(text) - _BASIC - _EXTENSION
