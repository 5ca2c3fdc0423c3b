"""The spelling of a text: without marks that nobody sees, and in GSM-7 where its language allows that."""

import unicodedata

from otp_worker.domain.texts.alphabet import is_gsm7

_UNSEEN = dict.fromkeys([0x200E, 0x200F, 0x061C, *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF])
_SPACES = dict.fromkeys([0xA0, 0x2007, 0x2009, 0x202F], " ")
_PLAIN = str.maketrans({
    "\u0131": "i",
    "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "Th", "œ": "oe",
    "Œ": "OE", "ə": "e", "Ə": "E", "ħ": "h", "Ħ": "H", "ŋ": "n", "Ŋ": "N", "ẞ": "SS", "ĳ": "ij", "Ĳ": "IJ",
    "\u2018": "'", "\u2019": "'", "\u201a": "'", "\u201c": '"', "\u201d": '"', "\u201e": '"',
    "\u2010": "-", "\u2011": "-", "\u2013": "-", "\u2014": "-", "\u2026": "...", "«": '"', "»": '"',
})  # fmt: skip


def visible(text: str) -> str:
    """The text with plain spaces and without marks of direction.

    CLDR's amounts and durations hold both, and one of them makes a whole SMS UCS-2.
    """
    return text.translate(_UNSEEN).translate(_SPACES)


def to_gsm7(text: str) -> str | None:
    """The text with those letters made plain that GSM-7 lacks; None for one in another script."""
    plain = "".join(map(_plain, text.translate(_PLAIN)))
    return plain if is_gsm7(plain) else None


def _plain(character: str) -> str:
    if is_gsm7(character):
        return character
    decomposed = unicodedata.normalize("NFD", character)
    return "".join(part for part in decomposed if not unicodedata.combining(part))
