"""What is set for one app alone: each setting with what it may be. What is not set is the operator's."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from otp_worker.domain import app_setting_values as values
from otp_worker.domain.app_setting import Setting, SettingKind
from otp_worker.domain.errors import InvalidFieldsError
from otp_worker.domain.limits import (
    LONGEST_DAYS,
    Limit,
    LimitRates,
    Rate,
    parse_rates,
    refuse_forgotten_window,
)
from otp_worker.domain.passcode import MAX_LENGTH, MIN_LENGTH
from otp_worker.domain.policy import MAX_LIFE_SECONDS, MIN_LIFE_SECONDS
from otp_worker.domain.texts.autofill import Autofill
from otp_worker.domain.texts.content import Content


@dataclass(frozen=True, slots=True)
class AppSettings:
    """The settings of one app, each None where the operator's holds.

    ``limit`` and ``checks_limit`` are rates, an empty text for no limit. ``web_origin`` is an https origin,
    and ``android_hashes`` are those by which Android apps receive the SMS. ``buckets`` are rates by names.
    """

    shown_name: str | None = None
    default_locale: str | None = None
    code_length: int | None = None
    ttl_seconds: int | None = None
    channels: tuple[str, ...] | None = None
    purposes: tuple[str, ...] | None = None
    limit: str | None = None
    checks_limit: str | None = None
    buckets: Mapping[str, str] | None = None
    web_origin: str | None = None
    android_hashes: tuple[str, ...] | None = None
    webhook_url: str | None = None
    custom_codes: bool | None = None

    @property
    def rates(self) -> LimitRates:
        """The rates in place of the operator's."""
        given = {Limit.KEY: self.limit, Limit.CHECKS_KEY: self.checks_limit}
        return {limit: _rates(text) for limit, text in given.items() if text is not None}

    @property
    def bucket_rates(self) -> Mapping[str, tuple[Rate, ...]]:
        """The rates of the app's own buckets, by their names."""
        return {name: _rates(text) for name, text in (self.buckets or {}).items()}

    def content(
        self,
        app: str,
        code: str,
        life_seconds: float,
        fields: Mapping[str, str] = MappingProxyType({}),
        android_hash: str | None = None,
    ) -> Content:
        """What an SMS of the app is about; without ``android_hash`` it is for the first Android app."""
        first = next(iter(self.android_hashes or ()), None)
        autofill = Autofill(self.web_origin, android_hash or first)
        return Content(code, life_seconds, app, self.shown_name, autofill, fields)


NOTHING_SET = AppSettings()
"""An app that has everything as the operator has it."""


def judged(given: Mapping[str, object], retention_days: int = LONGEST_DAYS) -> dict[str, object]:
    """Settings as they are kept; one that is None is to be the operator's again.

    Sends are kept for ``retention_days``: no limit may count older ones. Raises InvalidFieldsError, which
    names each setting that cannot be, with the fix.
    """
    kept: dict[str, object] = {}
    errors: list[tuple[str, str]] = []
    for name, value in given.items():
        try:
            setting = _setting(name)
            kept[name] = None if value is None else setting.judge(value)
            for text in _rates_of_sends(name, kept[name]):
                refuse_forgotten_window(parse_rates(text), retention_days)
        except ValueError as error:
            errors.append((name, str(error)))
    if errors:
        raise InvalidFieldsError(errors)
    return kept


def of_texts(texts: Mapping[str, str]) -> dict[str, object]:
    """The values that lines of text mean, by the settings' names; what is no setting stays as it is."""
    return {name: SETTINGS[name].of_text(text) if name in SETTINGS else text for name, text in texts.items()}


@lru_cache(maxsize=1024)
def read_settings(text: str | None) -> AppSettings:
    """Settings as an app's row has them, of which one from a newer version is passed over."""
    stored: dict[str, Any] = json.loads(text) if text else {}
    known: dict[str, Any] = {name: _frozen(value) for name, value in stored.items() if name in SETTINGS}
    return AppSettings(**known)


def _frozen(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _rates_of_sends(name: str, value: Any) -> list[str]:
    """The rates in a setting that count sends, which are kept for a time alone."""
    if value is None or name not in ("limit", "buckets"):
        return []
    return list(value.values()) if isinstance(value, Mapping) else [value]


def _setting(name: str) -> Setting:
    if name not in SETTINGS:
        raise ValueError(f"there is no such setting; there are {', '.join(SETTINGS)}")
    return SETTINGS[name]


@lru_cache(maxsize=1024)
def _rates(text: str) -> tuple[Rate, ...]:
    return parse_rates(text)


SETTINGS: Mapping[str, Setting] = {
    "shown_name": Setting("Shown name", "What the SMS calls the app.", "Corner Shop", values.shown_name),
    "default_locale": Setting(
        "Language", "The language of an SMS whose request names none.", "de-AT", values.default_locale
    ),
    "code_length": Setting(
        "Code length",
        "How many digits a code has unless its request says so.",
        "8",
        values.whole_number(MIN_LENGTH, MAX_LENGTH),
        SettingKind.NUMBER,
    ),
    "ttl_seconds": Setting(
        "Life of a code",
        "How many seconds a code is good for unless its request says so.",
        "120",
        values.whole_number(MIN_LIFE_SECONDS, MAX_LIFE_SECONDS),
        SettingKind.NUMBER,
    ),
    "channels": Setting(
        "Channels",
        "The channels that the app may ask for.",
        "sms",
        values.channels,
        SettingKind.LIST,
    ),
    "purposes": Setting(
        "Purposes",
        "The purposes that the app may name.",
        "login,payment",
        values.purposes,
        SettingKind.LIST,
    ),
    "limit": Setting(
        "Sends allowed",
        "How many sends the app may ask for; none is no limit.",
        "500/h,2000/d",
        values.rates,
        SettingKind.RATES,
    ),
    "checks_limit": Setting(
        "Checks allowed",
        "How many checks the app may ask for; none is no limit.",
        "60/m",
        values.rates,
        SettingKind.RATES,
    ),
    "buckets": Setting(
        "Buckets",
        "Limits of the app's own, each counted for the values that its requests name.",
        "device=5/h,20/d;session=3/10m",
        values.buckets,
        SettingKind.BUCKETS,
    ),
    "web_origin": Setting(
        "Web origin",
        "The site whose browsers fill in the code.",
        "https://shop.example",
        values.web_origin,
    ),
    "android_hashes": Setting(
        "Android app hashes",
        "The hashes of the Android apps that read the SMS; it holds the first, or the one that a send names.",
        "FA+9qCX9VSu",
        values.android_hashes,
        SettingKind.LIST,
    ),
    "webhook_url": Setting(
        "Webhook",
        "Kept for older versions; nothing is posted there. The app's endpoints are told of events.",
        "https://shop.example/otp-events",
        values.webhook_url,
    ),
    "custom_codes": Setting(
        "Codes of its own",
        "Whether the app may give a code itself instead of having one made; without it, it may not.",
        "on",
        values.switch,
        SettingKind.SWITCH,
    ),
}
"""Every setting by its name, in the order in which they are shown."""
