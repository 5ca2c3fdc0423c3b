"""The hooks file: TOML that describes where other systems post what is to be sent."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from otp_worker.domain.app import check_app_name
from otp_worker.domain.errors import InvalidFieldError
from otp_worker.domain.hook import CODE, USUAL_WORDS, Hook, HookAuth, HookErrors
from otp_worker.domain.message import MAX_LIFE_SECONDS, MIN_LIFE_SECONDS, Priority
from otp_worker.protection.hook_callers import bare_secret
from otp_worker.service.hook_presets import PRESETS
from otp_worker.service.setting_types import decode_webhook_secret
from otp_worker.service.toml_file import TomlFile

SECRET_CHARACTERS = 16
SECRET_BYTES = 24
"""What Standard Webhooks asks of a secret at least."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
_HEADER = r"^[A-Za-z0-9-]{1,64}$"


def _parse_place(value: object) -> tuple[str, ...]:
    names = tuple(value.split(".")) if isinstance(value, str) else ()
    if not names or not all(names):
        raise ValueError('give the names that lead to it in the body, such as "sms.phone"')
    return names


def _parse_secrets(value: object) -> tuple[str, ...]:
    """Several secrets are a list, the lines of a file, or joined by | as Supabase has them."""
    listed = re.split(r"[|\n]", value) if isinstance(value, str) else value
    if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
        raise ValueError("give a list of texts")
    secrets = tuple(each.strip() for each in listed if each.strip())
    if not secrets or not all(each.isascii() and each.isprintable() for each in secrets):
        raise ValueError("give secrets of printable ASCII characters")
    return secrets


def _parse_words(value: str) -> str:
    if value.count(CODE) != 1 or not all(each.isprintable() for each in value.split("\n")):
        raise ValueError(f'give a text with {CODE} in it once, such as "{USUAL_WORDS}"')
    return value


def _parse_app(value: str) -> str:
    try:
        check_app_name(value)
    except InvalidFieldError as error:
        raise ValueError(error.detail) from None
    return value


Place = Annotated[tuple[str, ...], BeforeValidator(_parse_place)]


class HookEntry(BaseModel):
    """What the file, or the preset, says of one hook."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    app: Annotated[str, AfterValidator(_parse_app)]
    auth: HookAuth
    secrets: Annotated[tuple[str, ...], BeforeValidator(_parse_secrets)] = Field(repr=False)
    number: Place
    text: Place | None = None
    code: Place | None = None
    words: Annotated[str, Field(max_length=640), AfterValidator(_parse_words)] = USUAL_WORDS
    user: Place | None = None
    ip: Place | None = None
    header: str = Field("Authorization", pattern=_HEADER)
    secret_field: Place | None = None
    adds_plus: bool = False
    errors: HookErrors = HookErrors.PROBLEM
    expires_in_seconds: int | None = Field(None, ge=MIN_LIFE_SECONDS, le=MAX_LIFE_SECONDS[Priority.CODE])
    repeat_seconds: int = Field(60, ge=10, le=600)
    test: bool = False

    @model_validator(mode="after")
    def _is_whole(self) -> "HookEntry":
        if (self.text is None) == (self.code is None):
            raise ValueError("give text or code: where in the body the one or the other stands")
        if (self.auth is HookAuth.FIELD) != (self.secret_field is not None):
            raise ValueError('secret_field goes with auth = "field": where in the body the secret stands')
        for secret in self.secrets:
            _refuse_weak(self.auth, secret)
        return self


def _refuse_weak(auth: HookAuth, secret: str) -> None:
    """Raise ValueError for a secret that is none, or could be guessed."""
    if auth is HookAuth.STANDARD_WEBHOOKS:
        if len(decode_webhook_secret(bare_secret(secret))) < SECRET_BYTES:
            raise ValueError(f"secrets: give base64 of at least {SECRET_BYTES} random bytes")
        return
    user, colon, password = secret.partition(":")
    if auth is HookAuth.BASIC and not (user and colon):
        raise ValueError("secrets: give user:password")
    if len(password if auth is HookAuth.BASIC else secret) < SECRET_CHARACTERS:
        raise ValueError(f"secrets: too weak; give at least {SECRET_CHARACTERS} random characters")


def read_hooks(path: Path) -> dict[str, Hook]:
    """The hooks of a file, by their names.

    Raises ConfigurationError with the line and the field of each thing that is wrong.
    """
    file = TomlFile("OTP_HOOKS_FILE", path)
    read = {name: _hook(file, name, table) for name, table in file.named_tables("hooks", "hook").items()}
    file.raise_problems()
    return {name: hook for name, hook in read.items() if hook is not None}


def _hook(file: TomlFile, name: str, table: object) -> Hook | None:
    place = ("hooks", name)
    if not isinstance(table, dict) or not _NAME.fullmatch(name):
        file.complain(place, "give [hooks.NAME], a name of 1 to 40 letters, digits, dashes or underscores")
        return None
    preset = table.get("preset", name if name in PRESETS else None)
    if preset is not None and preset not in PRESETS:
        file.complain((*place, "preset"), f"give one of {', '.join(PRESETS)}")
        return None
    fields = file.with_files(place, table)
    fields.pop("preset", None)
    try:
        entry = HookEntry.model_validate({"app": name, **_usual(preset, fields), **fields})
    except ValidationError as error:
        file.complain_of(place, error)
        return None
    return Hook(name, **{field: getattr(entry, field) for field in HookEntry.model_fields})


def _usual(preset: str | None, fields: Mapping[str, Any]) -> dict[str, object]:
    """What the preset says; what is sent is the text or the code, whichever the file names."""
    named = {"text", "code"} & fields.keys()
    return {
        field: value
        for field, value in PRESETS.get(preset or "", {}).items()
        if not (named and field in ("text", "code"))
    }
