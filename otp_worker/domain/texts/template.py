"""A template of an app: its text in one or more languages, and fields of its own."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from otp_worker.domain.texts.choice import Languages
from otp_worker.domain.texts.content import Content
from otp_worker.domain.texts.locales import look_up
from otp_worker.domain.texts.spelling import to_gsm7

PLACEHOLDER = re.compile(r"{([^{}]*)}")
OURS = frozenset({"code", "life", "name"})
"""The fields that every template may have."""


class Spelling(StrEnum):
    """How the letters of a template are written."""

    GSM7 = "gsm7"
    """Letters that GSM-7 lacks are made plain: 160 of them are one SMS."""
    AUTO = "auto"
    """As they are spelled: 160 where all are of GSM-7, else 70."""


@dataclass(frozen=True, slots=True)
class Template:
    """The ``texts`` by their languages' tags; ``default_locale`` is the one for people of other languages.

    ``fields`` are those that a send gives values for, each with the most characters that its value may have.
    """

    texts: Mapping[str, str]
    default_locale: str
    alphabet: Spelling = Spelling.GSM7
    fields: Mapping[str, int] = field(default_factory=dict)

    def filled(self, languages: Languages, content: Content, tag: str) -> str:
        """The text in a language with its fields, in the letters that it is to have."""
        tag = tag if tag in self.texts else self.default_locale
        text = self.texts[tag]
        values = {**content.fields, "code": content.code, "name": content.name}
        if "{life}" in text:
            values["life"] = languages.wording(tag).life(content.life_seconds)
        filled = PLACEHOLDER.sub(lambda found: values.get(found[1], ""), text)
        return (to_gsm7(filled) or filled) if self.alphabet is Spelling.GSM7 else filled

    def choose(self, languages: Languages, wanted: str | None, country: str | None, app: str | None) -> str:
        """The language to write in. Raises ValueError for what names none."""
        return look_up(languages.ranges(wanted, country, app), self.texts) or self.default_locale

    def written(self) -> str:
        """The template as it is kept."""
        return json.dumps(asdict(self), sort_keys=True)


def read_template(text: str) -> Template:
    """A template as it is kept; what only a newer version knows of it is passed over."""
    kept: dict[str, Any] = json.loads(text)
    return Template(kept["texts"], kept["default_locale"], Spelling(kept["alphabet"]), kept["fields"])
