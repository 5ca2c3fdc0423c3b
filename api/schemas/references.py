"""What an app says of a verification: what it is for, and by what it is found again."""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, StringConstraints

from otp_worker.domain.app_setting_values import PURPOSE

# No control characters and no line breaks: these values are stored, shown and logged.
Printable = StringConstraints(pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$")
LONGEST = 128
MOST_TAGS = 10
_TAG_NAME = re.compile(r"[A-Za-z0-9._-]{1,32}")


def _tags(value: Any) -> Any:
    is_whole = isinstance(value, dict) and len(value) <= MOST_TAGS and all(map(_is_tag, value.items()))
    if value is None or is_whole:
        return value
    raise ValueError(
        f"give up to {MOST_TAGS} names of 1 to 32 letters, digits, dots, dashes or underscores, each with a "
        f"printable text of 1 to {LONGEST} characters"
    )


def _is_tag(item: tuple[Any, Any]) -> bool:
    name, value = item
    if not isinstance(value, str) or not _TAG_NAME.fullmatch(name):
        return False
    return 0 < len(value) <= LONGEST and value.isprintable()


def _tag(value: str) -> str:
    name, _, text = value.partition(":")
    if not _is_tag((name, text)):
        raise ValueError("write the tag's name, a colon, and its value")
    return value


Purpose = Annotated[str, StringConstraints(pattern=f"^{PURPOSE.pattern}$")]
ClientReference = Annotated[str, Printable, StringConstraints(min_length=1, max_length=LONGEST)]
Tags = Annotated[dict[str, str], BeforeValidator(_tags), Field(max_length=MOST_TAGS)]
Tag = Annotated[str, StringConstraints(min_length=3, max_length=33 + LONGEST), AfterValidator(_tag)]


class GivenReferences(BaseModel):
    """What a send may say of itself."""

    purpose: Purpose | None = Field(
        None,
        description="What the code is for. Codes for different purposes are pending side by side. A check by "
        "number names its purpose.",
        examples=["payment"],
    )
    client_reference: ClientReference | None = Field(
        None,
        description="Your own reference to what it is for; comes back as it is.",
        examples=["order-1017"],
    )
    tags: Tags | None = Field(
        None, description="Up to 10 names with values, to find it by.", examples=[{"campaign": "spring"}]
    )


class References(BaseModel):
    """What a send said of itself."""

    purpose: str | None = Field(None, description="What the code is for.", examples=["payment"])
    client_reference: str | None = Field(
        None, description="Your own reference to what it is for.", examples=["order-1017"]
    )
    tags: dict[str, str] = Field({}, description="Names with values.", examples=[{"campaign": "spring"}])
