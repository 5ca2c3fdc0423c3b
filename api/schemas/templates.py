"""The bodies of an app's templates, and what a send gives them."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from otp_worker.domain.app_setting_values import ANDROID_HASH
from otp_worker.domain.texts.template import Spelling, Template
from otp_worker.domain.texts.template_checks import (
    FIELD_NAME,
    LONGEST_FIELD,
    LONGEST_TEXT,
    MOST_FIELDS,
    MOST_TEXTS,
)
from otp_worker.operations.templates import MOST_VERSIONS, ShownTemplate

from .fields import Incoming

__all__ = ["ANDROID_HASH", "Fields"]


def _fields(value: Any) -> Any:
    is_whole = isinstance(value, dict) and len(value) <= MOST_FIELDS and all(map(_fits, value.items()))
    if value is None or is_whole:
        return value
    raise ValueError(
        f"give up to {MOST_FIELDS} names of small letters, digits and underscores, each with a printable "
        f"text of 1 to {LONGEST_FIELD} characters"
    )


def _fits(item: tuple[Any, Any]) -> bool:
    name, value = item
    if not isinstance(value, str) or not FIELD_NAME.fullmatch(name):
        return False
    return 0 < len(value) <= LONGEST_FIELD and value.isprintable()


Fields = Annotated[dict[str, str], BeforeValidator(_fields), Field(max_length=MOST_FIELDS)]


class TemplateDefinitionBody(Incoming):
    """What a template is to say."""

    texts: dict[str, str] = Field(
        description="The text in each language, by its tag. A text holds {code} once; it may hold {life}, "
        f"{{name}} and the template's own fields. At most {MOST_TEXTS} languages, and {LONGEST_TEXT} "
        "characters each.",
        examples=[{"en": "{name}: {code} for order {order}", "de": "{name}: {code} für Bestellung {order}"}],
    )
    default_locale: str | None = Field(
        None,
        description="The language for people of others; the first of the texts if it is left out.",
        examples=["en"],
    )
    alphabet: Spelling = Field(
        Spelling.GSM7,
        description="gsm7: letters that GSM-7 lacks are made plain, and one SMS holds 160 characters. auto: "
        "letters stay as they are, and an SMS may hold 70.",
        strict=False,
    )
    fields: dict[str, int] = Field(
        default_factory=dict,
        description=f"Fields of its own, at most {MOST_FIELDS}, each with the most characters that its value "
        "may have.",
        examples=[{"order": 12}],
    )

    def template(self) -> Template:
        """The template, which is not judged yet."""
        default = self.default_locale or next(iter(self.texts), "")
        return Template(self.texts, default, self.alphabet, self.fields)


class VersionQuery(BaseModel):
    """Which version of a template."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    version: int | None = Field(None, ge=1, le=MOST_VERSIONS, description="The one in use if it is left out.")


class ShownTextBody(BaseModel):
    """One text as it is sent: with an example code, and the lines that fill it in."""

    locale: str = Field(examples=["en"])
    alphabet: str = Field(description="gsm7 or ucs2.", examples=["gsm7"])
    characters: int = Field(examples=[38])
    segments: int = Field(examples=[1])
    text: str = Field(examples=["Corner Shop: 123456 for order xxxxxxxxxxxx"])


class TemplateBody(BaseModel):
    """One version of a template of an app."""

    name: str = Field(examples=["order"])
    version: int = Field(description="A change makes the next one; none is ever changed.", examples=[3])
    in_use: bool = Field(description="Whether new sends are written with it.", examples=[True])
    default_locale: str = Field(examples=["en"])
    alphabet: str = Field(examples=["gsm7"])
    fields: dict[str, int] = Field(examples=[{"order": 12}])
    texts: dict[str, str] = Field(examples=[{"en": "{name}: {code} for order {order}"}])
    shown: list[ShownTextBody] = Field(description="What people are sent, in each language.")
    created_at: datetime

    @classmethod
    def of(cls, shown: ShownTemplate) -> "TemplateBody":
        """A template as the API shows it."""
        template = shown.template
        return cls(
            name=shown.name,
            version=shown.version,
            in_use=shown.in_use,
            default_locale=template.default_locale,
            alphabet=template.alphabet.value,
            fields=dict(template.fields),
            texts=dict(template.texts),
            shown=[ShownTextBody(**text) for text in shown.texts],
            created_at=shown.created_at,
        )


class TemplatesBody(BaseModel):
    """The templates that an app has in use, by name."""

    templates: list[TemplateBody]
