"""The bodies of ``/v1/admin/apps``."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from otp_worker.domain.app_settings import SETTINGS
from otp_worker.store.apps import StoredApp

from .fields import Incoming


def _setting(name: str) -> Any:
    """A field that says of a setting what the rest of the service says of it."""
    setting = SETTINGS[name]
    return Field(
        None,
        description=f"{setting.meaning} Null: as the operator has it.",
        examples=[setting.of_text(setting.example)],
    )


class _Settings(BaseModel):
    """What may be set; what each may be, the service judges."""

    shown_name: str | None = _setting("shown_name")
    default_locale: str | None = _setting("default_locale")
    code_length: int | None = _setting("code_length")
    ttl_seconds: int | None = _setting("ttl_seconds")
    channels: list[str] | None = _setting("channels")
    purposes: list[str] | None = _setting("purposes")
    limit: str | None = _setting("limit")
    checks_limit: str | None = _setting("checks_limit")
    buckets: dict[str, str] | None = _setting("buckets")
    web_origin: str | None = _setting("web_origin")
    android_hashes: list[str] | None = _setting("android_hashes")
    webhook_url: str | None = _setting("webhook_url")
    custom_codes: bool | None = _setting("custom_codes")

    def given(self) -> dict[str, object]:
        """The settings that the body names."""
        return self.model_dump(include=self.model_fields_set & SETTINGS.keys())


class SettingsBody(_Settings, Incoming):
    """What is to be set. What is left out stays as it is."""


class _NewName(BaseModel):
    name: str = Field(description="Keys of this name belong to it.", examples=["shop"])


class NewAppBody(_Settings, _NewName, Incoming):
    """A new app, with what is set for it."""


class _App(BaseModel):
    name: str = Field(examples=["shop"])
    keys: int = Field(description="How many of its keys can be used.", examples=[2])


class AppBody(_Settings, _App):
    """An app, and what is set for it; null where the operator's holds."""

    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, app: StoredApp) -> "AppBody":
        """An app as the API shows it."""
        return cls(
            name=app.name,
            keys=app.keys,
            created_at=app.created_at,
            updated_at=app.updated_at,
            **{name: _plain(value) for name, value in asdict(app.settings).items()},
        )


class AppsBody(BaseModel):
    """Every app, by name."""

    apps: list[AppBody]


def _plain(value: object) -> Any:
    return list(value) if isinstance(value, tuple) else value
