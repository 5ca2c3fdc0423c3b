"""The whole SMS of one code: the words, who the app is, and the lines that fill the code in.

It is one segment. What has no room gives way in this order: the warning, the words for the life, the app's
name where the built-in text begins with it, and the lines.
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain

from otp_worker.domain.texts.alphabet import size_of
from otp_worker.domain.texts.choice import FALLBACK, Languages
from otp_worker.domain.texts.content import Content
from otp_worker.domain.texts.template import Template


def compose(languages: Languages, content: Content, tag: str, template: str | Template | None = None) -> str:
    """The SMS in a language: by a template of the app, else by a text of the operator's, else by ours."""
    autofill = content.autofill
    for body in _bodies(languages, content, tag, template):
        text = autofill.appended(body, content.code)
        if autofill.fits(text):
            return text
    ours = _paid(languages, content, _built_in(languages, content, tag))
    bare = list(chain(_bodies(languages, content, tag, template), ours))
    fitting = (each for each in bare if size_of(each).segments == 1)
    # Of a payment both are told, if need be in several segments.
    return next(fitting, None) or min(bare, key=lambda each: size_of(each).segments)


def compose_letter(
    languages: Languages, content: Content, tag: str, template: str | Template | None = None
) -> str:
    """The fullest of the texts, rightly spelled: an e-mail has no segments, and nothing fills its code in."""
    return next(_bodies(replace(languages, plain=False), content, tag, template))


def _bodies(
    languages: Languages, content: Content, tag: str, template: str | Template | None
) -> Iterator[str]:
    """The texts without their lines, from the fullest to the shortest."""
    if template is None:
        yield from _paid(languages, content, _built_in(languages, content, tag))
        return
    if isinstance(template, Template):
        yield from _paid(languages, content, iter([template.filled(languages, content, tag)]))
        return
    # It is measured for the languages that may be used, and without lines; an app may have set others.
    filled = (
        languages.filled(template, content.code, content.life_seconds, each, content.name)
        for each in (tag, FALLBACK)
    )
    yield from _paid(languages, content, filled)


def _paid(languages: Languages, content: Content, texts: Iterator[str]) -> Iterator[str]:
    """The texts, each headed with the payment that the code is for, if it is for one."""
    for text in texts:
        yield languages.spell(_headed(content.payment, text)) if content.payment else text


def keeps_lines(languages: Languages, content: Content, tag: str, template: str | Template | None) -> bool:
    """Whether there is room for the lines that fill the code in."""
    return compose(languages, content, tag, template).endswith(content.autofill.appended("", content.code))


def _built_in(languages: Languages, content: Content, tag: str) -> Iterator[str]:
    for text in languages.built_in(content.code, content.life_seconds, tag):
        yield languages.spell(_headed(content.shown_name, text)) if content.shown_name else text
    if content.shown_name:
        yield from languages.built_in(content.code, content.life_seconds, tag)


def _headed(name: str, text: str) -> str:
    """The text with a name, or a payment, first, and last where the script runs from right to left.

    A name of another script that came first would turn the direction of the whole text.
    """
    classes = map(unicodedata.bidirectional, text)
    first = next((each for each in classes if each in ("L", "R", "AL")), "L")
    return f"{name}: {text}" if first == "L" else f"{text} {name}"
