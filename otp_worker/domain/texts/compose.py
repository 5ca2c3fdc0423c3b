"""The whole SMS of one code: the words, who the app is, and the lines that fill the code in.

It is one segment. What has no room gives way in this order: the warning, the words for the life, the app's
name where the built-in text begins with it, and the lines.
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from otp_worker.domain.texts.alphabet import size_of
from otp_worker.domain.texts.autofill import NO_AUTOFILL, Autofill
from otp_worker.domain.texts.choice import FALLBACK, Languages


@dataclass(frozen=True, slots=True)
class Content:
    """What an SMS is about: the code, what is left of its life, and the ``app`` that asked for it.

    ``shown_name`` is what the app wants to be called; without it only a template names it.
    """

    code: str
    life_seconds: float
    app: str
    shown_name: str | None = None
    autofill: Autofill = NO_AUTOFILL

    @property
    def name(self) -> str:
        """What a template calls the app: without a dot that would make a link of it."""
        return self.shown_name or self.app.replace(".", " ")


def compose(languages: Languages, content: Content, tag: str, template: str | None = None) -> str:
    """The SMS in a language: by the operator's ``template``, else by the built-in text."""
    autofill = content.autofill
    for body in _bodies(languages, content, tag, template):
        text = autofill.appended(body, content.code)
        if autofill.fits(text):
            return text
    bare = chain(_bodies(languages, content, tag, template), _built_in(languages, content, tag))
    return next(each for each in bare if size_of(each).segments == 1)


def _bodies(languages: Languages, content: Content, tag: str, template: str | None) -> Iterator[str]:
    """The texts without their lines, from the fullest to the shortest."""
    if template is None:
        yield from _built_in(languages, content, tag)
        return
    # It is measured for the languages that may be used, and without lines; an app may have set others.
    for each in (tag, FALLBACK):
        yield languages.filled(template, content.code, content.life_seconds, each, content.name)


def _built_in(languages: Languages, content: Content, tag: str) -> Iterator[str]:
    for text in languages.built_in(content.code, content.life_seconds, tag):
        yield languages.spell(_headed(content.shown_name, text)) if content.shown_name else text
    if content.shown_name:
        yield from languages.built_in(content.code, content.life_seconds, tag)


def _headed(name: str, text: str) -> str:
    """The text with the app's name first, and last where the script runs from right to left.

    A name of another script that came first would turn the direction of the whole text.
    """
    classes = map(unicodedata.bidirectional, text)
    first = next((each for each in classes if each in ("L", "R", "AL")), "L")
    return f"{name}: {text}" if first == "L" else f"{text} {name}"
