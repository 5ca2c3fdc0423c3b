"""The part of the environment that decides what an SMS says, and when a notice may disturb its person."""

from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, field_validator, model_validator

from otp_worker.domain.errors import InvalidFieldError
from otp_worker.domain.quiet_hours import QuietHours
from otp_worker.domain.texts.checks import check_template
from otp_worker.domain.texts.choice import Languages
from otp_worker.domain.texts.wording import WordingError
from otp_worker.service.setting_types import Locale, Locales, Templates


class MessageSettings(BaseModel):
    """Templates, the languages of the built-in text, quiet hours; each field is ``OTP_<FIELD>``."""

    templates: Templates = Field(default_factory=dict)
    locale: Locale | None = None
    locales: Locales = frozenset()
    locales_dir: Path | None = None
    sms_alphabet: Literal["gsm7", "auto"] = "gsm7"
    sms_warning: bool = False
    quiet_hours: QuietHours | None = None

    @field_validator("quiet_hours", mode="before")
    @classmethod
    def _hours_are_told(cls, value: object) -> object:
        return QuietHours.parse(value) if isinstance(value, str) and value else value or None

    @cached_property
    def languages(self) -> Languages:
        """Which languages may be used, and how they are spelled."""
        return Languages(
            named=self.locales,
            default=self.locale,
            folder=self.locales_dir,
            plain=self.sms_alphabet == "gsm7",
            warning=self.sms_warning,
        )

    @model_validator(mode="after")
    def _texts_fit(self) -> "MessageSettings":
        try:
            unfit = self.languages.unfit()
        except (WordingError, OSError) as error:
            raise ValueError(f"OTP_LOCALES_DIR: {error}") from None
        if not self.languages.knows_default:
            raise ValueError(f"OTP_LOCALE: there is no text in {self.locale!r}")
        if unfit:
            raise ValueError(f"OTP_LOCALES_DIR: the text in {', '.join(unfit)} is longer than one SMS")
        for name, template in self.templates.items():
            try:
                check_template(name, template, self.languages)
            except InvalidFieldError as error:
                raise ValueError(f"OTP_TEMPLATES: {error}") from None
        return self
