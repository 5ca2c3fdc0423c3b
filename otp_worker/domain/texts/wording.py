"""The sentences of one language, from its file in ``languages/`` (Fluent); durations are worded by CLDR.

The libraries for both are imported by who writes a text: every process reads the settings, most write none.
"""

import math
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from otp_worker.domain.texts.spelling import visible

if TYPE_CHECKING:
    from fluent.runtime import FluentBundle

OURS = Path(__file__).parent / "languages"
UNREAD = "no"
_FACT = re.compile(r"^### (Source|Read by a speaker): (.+)$", re.MULTILINE)
_MESSAGES = ("code", "warning")


class WordingError(ValueError):
    """A file is no wording; says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Where a language's sentences come from, and whether a speaker has read them."""

    tag: str
    source: str
    read: str

    @property
    def is_read(self) -> bool:
        """Whether a speaker has read it, or people have been sent it for long: it may be used unasked."""
        return self.read != UNREAD


@dataclass(frozen=True)
class Wording:
    """The sentences of one language."""

    tag: str
    bundle: "FluentBundle"

    def sentence(self, code: str, life_seconds: float, *, warning: bool = False) -> str:
        """The whole text in right spelling; ``warning`` adds that nobody else is to be told the code."""
        values = {"code": code, "life": self.life(life_seconds)}
        messages = _MESSAGES if warning else _MESSAGES[:1]
        return visible(" ".join(self._message(name, values) for name in messages))

    def short(self, code: str) -> str | None:
        """The code without its life, where room is short; None in a file that has no such message."""
        return visible(self._message("short", {"code": code})) if self.bundle.has_message("short") else None

    def life(self, seconds: float) -> str:
        """A duration in whole minutes, or in seconds below one; digits are always western."""
        from babel.units import format_unit

        minutes = math.floor(seconds / 60)
        unit, count = ("minute", minutes) if minutes else ("second", math.floor(seconds))
        return visible(format_unit(count, f"duration-{unit}", "long", locale=self.tag.replace("-", "_")))

    def _message(self, name: str, values: dict[str, str]) -> str:
        pattern = self.bundle.get_message(name).value
        text, errors = self.bundle.format_pattern(pattern, values) if pattern else ("", ["is empty"])
        if errors:
            raise WordingError(f"{self.tag}: {name}: {errors[0]}")
        return str(text)


@cache
def read_facts(tag: str, folder: Path = OURS) -> Facts:
    """What the file of a tag says of itself. Raises WordingError and OSError."""
    facts = dict(_FACT.findall(_text_of(tag, folder)))
    return Facts(tag, facts.get("Source", ""), facts.get("Read by a speaker", UNREAD))


@cache
def read_wording(tag: str, folder: Path = OURS) -> Wording:
    """The wording of a tag from its file. Raises WordingError and OSError."""
    from babel import Locale, UnknownLocaleError
    from fluent.runtime import FluentBundle, FluentResource

    try:
        Locale.parse(tag, sep="-")
    except (ValueError, UnknownLocaleError) as error:
        raise WordingError(f"{tag}.ftl: {error}") from None
    bundle = FluentBundle([tag], use_isolating=False)
    bundle.add_resource(FluentResource(_text_of(tag, folder)))
    for name in _MESSAGES:
        if not bundle.has_message(name) or bundle.get_message(name).value is None:
            raise WordingError(f"{tag}.ftl: there is no message {name!r}")
    return Wording(tag, bundle)


def tags_in(folder: Path = OURS) -> list[str]:
    """The tags of a folder's files."""
    return sorted(file.stem for file in folder.glob("*.ftl"))


def _text_of(tag: str, folder: Path) -> str:
    try:
        return (folder / f"{tag}.ftl").read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise WordingError(f"{tag}.ftl: {error}") from None
