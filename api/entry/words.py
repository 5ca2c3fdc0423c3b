"""The page's sentences, from the files in ``languages/`` (Fluent), and whose they are."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from otp_worker.domain.texts.choice import FALLBACK, Languages
from otp_worker.domain.texts.locales import look_up
from otp_worker.domain.texts.wording import WordingError, read_facts, tags_in

if TYPE_CHECKING:
    from fluent.runtime import FluentBundle

FOLDER = Path(__file__).parent / "languages"


@dataclass(frozen=True)
class Words:
    """The sentences of one language."""

    tag: str
    direction: str
    bundle: "FluentBundle"

    def say(self, name: str, values: Mapping[str, object]) -> str:
        """One sentence. What is filled in keeps its own direction. Raises WordingError."""
        pattern = self.bundle.get_message(name).value
        text, errors = self.bundle.format_pattern(pattern, dict(values)) if pattern else ("", ["is empty"])
        if errors:
            raise WordingError(f"{self.tag}: {name}: {errors[0]}")
        return str(text)


def words_for(languages: Languages, wanted: str | None, country: str | None, app: str | None) -> Words:
    """Those that are ``wanted``, else those of the app, the operator or the country; else English.

    As for the SMS, a language that no speaker has read is used only where the operator or the app names it.
    """
    try:
        ranges = languages.ranges(wanted, country, app)
    except ValueError:
        ranges = languages.ranges(None, country, app)
    return read_words(look_up(ranges, _usable(languages, app)) or FALLBACK)


@cache
def read_words(tag: str) -> Words:
    """The sentences of a tag."""
    from babel import Locale
    from fluent.runtime import FluentBundle, FluentResource

    bundle = FluentBundle([tag])
    bundle.add_resource(FluentResource((FOLDER / f"{tag}.ftl").read_text(encoding="utf-8")))
    direction = "rtl" if Locale.parse(tag, sep="-").text_direction == "rtl" else "ltr"
    return Words(tag, direction, bundle)


def _usable(languages: Languages, app: str | None) -> set[str]:
    ours = tags_in(FOLDER)
    named = {look_up([each], ours) for each in (*languages.named, languages.default, app) if each}
    return {tag for tag in ours if read_facts(tag, FOLDER).is_read or tag in named}
