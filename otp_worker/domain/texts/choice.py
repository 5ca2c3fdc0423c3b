"""Which language a person is written to in, and the text in it."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from otp_worker.domain.texts.alphabet import size_of
from otp_worker.domain.texts.links import holds_link
from otp_worker.domain.texts.locales import look_up, parse_ranges, tags_of_country
from otp_worker.domain.texts.spelling import to_gsm7
from otp_worker.domain.texts.wording import OURS, Wording, WordingError, read_facts, read_wording, tags_in

FALLBACK = "en"
_FIRST = frozenset({"en", "de", "es", "fr", "it", "nl", "pt"})
LONGEST_CODE = "0" * 10
LONGEST_LIVES_SECONDS = (600.0, 59.0)
"""Ten minutes and 59 seconds: which of them has more letters depends on the language."""
LONGEST_NAME = 32
"""The longest name that an app is shown by."""
_FIELD = re.compile(r"{(code|life|name)}")


@dataclass(frozen=True)
class Languages:
    """What the operator decides about the words of an SMS.

    ``named`` are languages that may be used although no speaker has read them; those that ``folder`` has a
    file for may be used too, and its files win over ours. ``default`` is the operator's own language.
    ``plain``: letters that GSM-7 lacks are made plain, where the script allows that, so that an SMS holds 160
    of them instead of 70. ``warning`` adds that nobody else is to be told the code.
    """

    named: frozenset[str] = frozenset()
    default: str | None = None
    folder: Path | None = None
    plain: bool = True
    warning: bool = False

    @cached_property
    def usable(self) -> frozenset[str]:
        """The tags of the languages that may be used."""
        read = {tag for tag in tags_in() if read_facts(tag).is_read}
        default = look_up([self.default], self._known) if self.default else None
        return frozenset(read | self.named | self._own | ({default} if default else set()))

    def choose(self, wanted: str | None, country: str | None, app: str | None = None) -> str:
        """The tag to write in: of the request, else of the app, the operator, the country; else English.

        ``wanted`` is a tag or a list of them; one that names nothing that may be used falls through. What the
        ``app`` has set may be used for it.
        """
        own = look_up([app], self._known) if app else None
        ranges = self.ranges(wanted, country, own)
        return look_up(ranges, self.usable | {own} if own else self.usable) or FALLBACK

    def ranges(self, wanted: str | None, country: str | None, app: str | None) -> list[str]:
        """What to look up, the most wanted first. Raises ValueError for what names no language."""
        return [
            *(parse_ranges(wanted) if wanted else []),
            *([app] if app else []),
            *([self.default] if self.default else []),
            # CLDR lists every country but those of English.
            *((tags_of_country(country) or [FALLBACK]) if country else []),
        ]

    def nearest(self, tag: str) -> str | None:
        """The tag of the nearest language that there is a text in."""
        return look_up([tag], self._known)

    @property
    def knows_default(self) -> bool:
        """Whether there is a text in the operator's own language, if one is named."""
        return self.default is None or look_up([self.default], self._known) is not None

    def wording(self, tag: str) -> Wording:
        """The sentences of a tag, the operator's own first; of an unknown one the nearest, or English."""
        if tag in self._own and self.folder:
            return read_wording(tag, self.folder)
        if tag in self._ours:
            return read_wording(tag)
        nearest = self.nearest(tag)
        return self.wording(nearest) if nearest else read_wording(FALLBACK)

    def built_in(self, code: str, life_seconds: float, tag: str) -> Iterator[str]:
        """Our texts of a tag, the fullest first; ``life_seconds`` is what is left of the code's life."""
        wording = self.wording(tag)
        if self.warning:
            yield self.spell(wording.sentence(code, life_seconds, warning=True))
        yield self.spell(wording.sentence(code, life_seconds))
        short = wording.short(code)
        if short is not None:
            yield self.spell(short)

    def text(self, code: str, life_seconds: float, tag: str) -> str:
        """The fullest of our texts."""
        return next(self.built_in(code, life_seconds, tag))

    def filled(self, template: str, code: str, life_seconds: float, tag: str, name: str) -> str:
        """A template with its fields, the life in the words of the tag."""
        values = {"code": code, "name": self.spell(name)}
        if "{life}" in template:
            values["life"] = self.spell(self.wording(tag).life(life_seconds))
        return _FIELD.sub(lambda field: values[field[1]], template)

    def longest(self, tag: str, template: str | None = None) -> Sequence[str]:
        """The texts of a tag with the longest codes, lives and names, to be measured."""
        if template is None:
            return [self.text(LONGEST_CODE, seconds, tag) for seconds in LONGEST_LIVES_SECONDS]
        return [
            self.filled(template, LONGEST_CODE, seconds, tag, LONGEST_NAME * "x")
            for seconds in LONGEST_LIVES_SECONDS
        ]

    def unfit(self) -> Collection[str]:
        """The tags of the operator's own texts that take several SMS. Raises WordingError and OSError."""
        if self.folder and not self.folder.is_dir():
            raise WordingError(f"{self.folder} is no folder")
        longest = {tag: self.longest(tag) for tag in sorted(self._own)}
        for tag, texts in longest.items():
            if any("\n" in text or holds_link(text) for text in texts):
                raise WordingError(
                    f"{tag}.ftl: the text must be one line, without what a phone takes for a link"
                )
            if not all(LONGEST_CODE in text for text in texts):
                raise WordingError(f"{tag}.ftl: the message 'code' does not hold the code")
        return [tag for tag, texts in longest.items() if any(size_of(text).segments > 1 for text in texts)]

    @cached_property
    def _own(self) -> frozenset[str]:
        return frozenset(tags_in(self.folder)) if self.folder else frozenset()

    @cached_property
    def _ours(self) -> frozenset[str]:
        return frozenset(tags_in(OURS))

    @property
    def _known(self) -> frozenset[str]:
        return self._ours | self._own

    def spell(self, text: str) -> str:
        """A text in the letters that an SMS is to have."""
        return (to_gsm7(text) or text) if self.plain else text


def first_language(tag: str) -> str:
    """The nearest of the languages that workers of 0.2.0 know, for those that still run beside newer ones."""
    language = tag.partition("-")[0]
    return language if language in _FIRST else FALLBACK
