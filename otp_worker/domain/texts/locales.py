"""Languages as people name them: BCP 47 tags, and the look-up of RFC 4647."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Literal

_TAG, _QUALITY = r"([A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8})*|\*)", r"([01](?:\.[0-9]{0,3})?)"
_RANGE = re.compile(rf"\s*{_TAG}\s*(?:;\s*q\s*=\s*{_QUALITY})?\s*")
_MOST_RANGES = 10
_NORWEGIAN = {"no": "nb", "nn": "nb"}
"""Bokmål is what every reader of Norwegian reads; CLDR has no alias for it."""


def parse_ranges(locale: str) -> list[str]:
    """The tags of ``de-AT`` or of a list such as ``de-AT,de;q=0.9``, the most wanted first.

    Raises ValueError for what is neither. A quality of 0 excludes its tag (RFC 9110, 12.4.2).
    """
    wanted = []
    for part in locale.split(","):
        found = _RANGE.fullmatch(part)
        if found is None:
            raise ValueError("is not a language tag such as de-AT, nor a list of them")
        quality = float(found[2] or 1)
        if found[1] != "*" and 0 < quality <= 1:
            wanted.append((-quality, found[1].replace("_", "-")))
    if len(wanted) > _MOST_RANGES:
        raise ValueError(f"names more than {_MOST_RANGES} languages")
    return [tag for _, tag in sorted(wanted, key=lambda each: each[0])]


def look_up(ranges: Iterable[str], available: Collection[str]) -> str | None:
    """The first available tag that a range leads to, by leaving off its last parts (RFC 4647, 3.4).

    ``zh-TW`` leads to ``zh-Hant`` too: the script is what CLDR takes for the likely one.
    """
    known = {tag.lower(): tag for tag in available}
    for wanted in ranges:
        for tag in _shorter(wanted):
            if tag.lower() in known:
                return known[tag.lower()]
    return None


def tags_of_country(country: str) -> list[str]:
    """The language that most people of a country read, by CLDR's likely subtags; of an unknown one, none."""
    likely = _cldr("likely_subtags").get(f"und_{country.upper()}")
    return [f"{likely.partition('_')[0]}-{country.upper()}"] if likely else []


def _shorter(wanted: str) -> Iterator[str]:
    """The tag and what it is a kind of, the narrowest first; then the same with what CLDR adds to it."""
    wanted = wanted.replace("_", "-")
    language, _, rest = wanted.partition("-")
    aliases = {**_cldr("language_aliases"), **_NORWEGIAN}
    current = aliases.get(language.lower(), language).replace("_", "-")
    plain = f"{current}-{rest}" if rest else current
    yield from _truncations(wanted)
    yield from _truncations(plain)
    likely = _cldr("likely_subtags")
    for tag in _truncations(plain):
        spelled = "_".join(_cased(tag.split("-")))
        if spelled in likely:
            yield from _truncations(likely[spelled].replace("_", "-"))
            return


def _truncations(tag: str) -> Iterator[str]:
    parts = tag.split("-")
    while parts:
        yield "-".join(parts)
        # A single letter only introduces what follows it.
        parts = parts[:-2] if len(parts) > 1 and len(parts[-2]) == 1 else parts[:-1]


def _cased(parts: list[str]) -> Iterator[str]:
    for at, part in enumerate(parts):
        yield part.lower() if at == 0 else part.title() if len(part) == 4 else part.upper()


def _cldr(table: Literal["language_aliases", "likely_subtags"]) -> Mapping[str, str]:
    # Most processes read the settings and look no language up.
    from babel.core import get_global

    return get_global(table)
