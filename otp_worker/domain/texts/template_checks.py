"""What a template of an app may be, and what the values of its fields may be.

It is measured as it will be sent: with the longest code, life and values, the app's name and its lines.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from otp_worker.domain.errors import InvalidFieldError, InvalidFieldsError
from otp_worker.domain.texts.alphabet import GSM7_SEGMENT, UCS2_SEGMENT, Alphabet, outside_gsm7, size_of
from otp_worker.domain.texts.autofill import MOST_BYTES
from otp_worker.domain.texts.choice import LONGEST_CODE, LONGEST_LIVES_SECONDS, Languages
from otp_worker.domain.texts.content import Content
from otp_worker.domain.texts.links import holds_link
from otp_worker.domain.texts.look_alikes import look_alike
from otp_worker.domain.texts.spelling import to_gsm7
from otp_worker.domain.texts.template import OURS, PLACEHOLDER, Spelling, Template

MOST_FIELDS = 5
LONGEST_FIELD = 64
LONGEST_TEXT = 320
MOST_TEXTS = 60
FIELD_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
TEMPLATE_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,3}")
_WIDEST = "\u0416"
"""A letter that makes an SMS UCS-2."""

Problems = Iterator[tuple[str, str]]


def check_app_template(template: Template, languages: Languages, content: Content) -> None:
    """Raise InvalidFieldsError, with every problem, unless a template can be sent as it is in each language.

    ``content`` has what is set for the app: its name, and its lines.
    """
    problems = [*_problems_of_fields(template), *_problems_of_tags(template, languages)]
    if not problems:
        problems = [
            ("texts", f"{tag}: {problem}")
            for tag in template.texts
            if (problem := _problem_of_text(template, tag) or size_problem(template, tag, languages, content))
        ]
    if problems:
        raise InvalidFieldsError(problems)


def size_problem(template: Template, tag: str, languages: Languages, content: Content) -> str | None:
    """Why the text of a language is no single SMS with what is set for the app; None if it is one."""
    for text in _longest(template, tag, languages, content):
        if holds_link(text):
            return "filled in, it holds a link, or what a phone takes for one"
        strange = sorted(outside_gsm7(text))
        if strange and template.alphabet is Spelling.GSM7:
            return f"these characters are not in the GSM-7 alphabet: {' '.join(strange)}"
        whole = content.autofill.appended(text, LONGEST_CODE)
        size = size_of(whole)
        if size.segments > 1:
            most = GSM7_SEGMENT if size.alphabet is Alphabet.GSM7 else UCS2_SEGMENT
            return f"the SMS is up to {size.units} characters long; one SMS holds {most}"
        if not content.autofill.fits(whole):
            return f"with an Android hash an SMS may have {MOST_BYTES} bytes; it has {len(whole.encode())}"
    return None


def judge_fields(
    template: Template, tag: str, given: Mapping[str, str], languages: Languages, content: Content
) -> None:
    """Raise InvalidFieldError unless these are the values that a template's text can be filled in with."""
    if given.keys() != template.fields.keys():
        wanted = ", ".join(template.fields) or "none"
        raise InvalidFieldError("fields", f"give a value for each field of the template; it has {wanted}")
    for name, value in given.items():
        problem = _problem_of_value(template, name, value)
        if problem is not None:
            raise InvalidFieldError("fields", f"{name}: {problem}")
    if given and holds_link(template.filled(languages, replace(content, fields=given), tag)):
        raise InvalidFieldError("fields", "filled in, the text holds a link, or what a phone takes for one")


def _problem_of_value(template: Template, name: str, value: str) -> str | None:
    most = template.fields[name]
    plain = to_gsm7(value) if template.alphabet is Spelling.GSM7 else value
    if plain is None:
        return "give letters of the GSM-7 alphabet, or such as can be made plain"
    if not value.strip() or size_of(plain).units > most:
        return f"give 1 to {most} characters"
    seen = look_alike(value)
    return f"leave out what looks like {seen}" if seen else None


def _problems_of_fields(template: Template) -> Problems:
    if len(template.fields) > MOST_FIELDS:
        yield "fields", f"declare at most {MOST_FIELDS}"
    for name, most in template.fields.items():
        if not FIELD_NAME.fullmatch(name) or name in OURS:
            yield "fields", "name each by small letters, digits and underscores, and not code, life or name"
        elif not 1 <= most <= LONGEST_FIELD:
            yield "fields", f"{name}: give the most characters of its values, from 1 to {LONGEST_FIELD}"
    used = {name for text in template.texts.values() for name in PLACEHOLDER.findall(text)}
    for name in sorted(template.fields.keys() - used):
        # What is no name may be anything, and is not repeated.
        yield "fields", f"{name if FIELD_NAME.fullmatch(name) else 'one of them'}: no text uses it"


def _problems_of_tags(template: Template, languages: Languages) -> Problems:
    if not 0 < len(template.texts) <= MOST_TEXTS:
        yield "texts", f"give the text in at least one language, and in {MOST_TEXTS} at most"
        return
    if not all(map(_TAG.fullmatch, template.texts)):
        # What is no tag may be anything, and is not repeated.
        yield "texts", "name each language by its tag, such as de-AT"
        return
    for tag in template.texts:
        if languages.nearest(tag) is None:
            yield "texts", f"{tag}: there are no words for the life in this language"
    if len({tag.lower() for tag in template.texts}) < len(template.texts):
        yield "texts", "name each language once"
    if template.default_locale not in template.texts:
        yield "default_locale", f"give one of the texts' languages: {', '.join(template.texts)}"


def _problem_of_text(template: Template, tag: str) -> str | None:
    text = template.texts[tag]
    fields = PLACEHOLDER.findall(text)
    known = [*sorted(OURS), *template.fields]
    if "code" not in fields or not set(fields) <= set(known):
        return f"it must contain {{code}}, and no other fields than {', '.join(known)}"
    if fields.count("code") > 1 or set("{}") & set(PLACEHOLDER.sub("", text)):
        return "it must contain {code} once, and braces around fields alone"
    if len(text) > LONGEST_TEXT:
        return f"give at most {LONGEST_TEXT} characters"
    seen = look_alike(text)
    return f"leave out what looks like {seen}" if seen else None


def _longest(template: Template, tag: str, languages: Languages, content: Content) -> Iterator[str]:
    """The text with the longest code, lives and values, in each alphabet that these may need."""
    letters = ("x",) if template.alphabet is Spelling.GSM7 else ("x", _WIDEST)
    for letter in letters if template.fields else letters[:1]:
        values = {name: letter * most for name, most in template.fields.items()}
        for seconds in LONGEST_LIVES_SECONDS:
            longest = replace(content, code=LONGEST_CODE, life_seconds=seconds, fields=values)
            yield template.filled(languages, longest, tag)
