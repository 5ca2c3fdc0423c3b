"""What is starred out of a text before it is kept: whatever could be a code, however people write one."""

import re
import unicodedata

# People part a code by anything but a letter: dots, slashes, dashes, line breaks, invisible characters.
_COULD_BE_A_CODE = re.compile(r"\d(?:[\W_]{0,8}\d){3,}")


def star_codes(text: str) -> str:
    """A text with each run of four digits and more, parted by whatever is no letter, starred out."""
    return star(text, [match.span() for match in _COULD_BE_A_CODE.finditer(_plain_digits(text))])


def star(text: str, spans: list[tuple[int, int]]) -> str:
    """A text with these parts starred out."""
    for start, end in sorted(spans, reverse=True):
        text = f"{text[:start]}****{text[end:]}"
    return text


def _plain_digits(text: str) -> str:
    """A text of the same length with 0-9 for every digit: full-width, Arabic, raised and circled ones too."""
    return "".join(str(unicodedata.digit(char, char)) for char in text)
