"""What a text of the operator's may be: one line, one segment, no link."""

import re
from collections.abc import Sequence

from otp_worker.domain.errors import InvalidFieldError
from otp_worker.domain.texts.alphabet import (
    GSM7_SEGMENT,
    UCS2_SEGMENT,
    Alphabet,
    is_gsm7,
    outside_gsm7,
    size_of,
)
from otp_worker.domain.texts.choice import Languages
from otp_worker.domain.texts.links import holds_link

_FIELDS = {"code", "life", "name"}


def check_text(name: str, text: str) -> None:
    """Raise InvalidFieldError unless a text makes one clean GSM-7 segment as it is."""
    _check_line(name, text)
    if not is_gsm7(text) or size_of(text).segments > 1:
        raise InvalidFieldError(name, f"one SMS holds {GSM7_SEGMENT} characters of the GSM-7 alphabet")


def check_template(name: str, template: str, languages: Languages) -> None:
    """Raise InvalidFieldError unless a template makes one clean segment with the code in every language.

    The words for its life are in the person's language. Beyond GSM-7 only where letters are not made plain.
    """
    fields = set(re.findall(r"{([^{}]*)}", template))
    if "code" not in fields or not fields <= _FIELDS:
        raise InvalidFieldError(
            name, "a template must contain {code}, may contain {life} and {name}, and no other field"
        )
    _check_line(name, template)
    written = re.sub(r"{(code|life|name)}", "", template)
    strange = sorted(outside_gsm7(written))
    if strange and (languages.plain or not written.isprintable()):
        raise InvalidFieldError(name, f"these characters are not in the GSM-7 alphabet: {' '.join(strange)}")
    for tag in sorted(languages.usable):
        _check_size(name, tag, languages.longest(tag, template))


def _check_line(name: str, text: str) -> None:
    if "\r" in text or "\n" in text or "\f" in text:
        raise InvalidFieldError(name, "a template must be a single line")
    if holds_link(text):
        raise InvalidFieldError(name, "a template must not contain a link, or what a phone takes for one")


def _check_size(name: str, tag: str, texts: Sequence[str]) -> None:
    largest = max(map(size_of, texts), key=lambda size: (size.segments, size.units))
    if largest.segments > 1:
        most = GSM7_SEGMENT if largest.alphabet is Alphabet.GSM7 else UCS2_SEGMENT
        raise InvalidFieldError(
            name, f"the text is {largest.units} characters long in {tag!r}; one SMS holds {most}"
        )
