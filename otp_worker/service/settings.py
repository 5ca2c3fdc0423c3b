"""The environment, read here; `cli/serve.py` reads HOST and PORT, and the Procfile OTP_WORKER_THREADS."""

import os
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import AliasChoices, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from otp_worker.domain.limits import OF_THE_OPERATOR, Limit, Rate, parse_rates
from otp_worker.domain.passcode import MAX_LENGTH, MIN_LENGTH
from otp_worker.domain.policy import MAX_LIFE_SECONDS, MIN_LIFE_SECONDS, Policy
from otp_worker.domain.pumping import LONGEST_PAUSE_SECONDS, GuardMode
from otp_worker.domain.reply import REPLY_LANGUAGES, ReplyKind
from otp_worker.domain.sim import Sims, UncertainPolicy
from otp_worker.gateways.account import PlainSecret
from otp_worker.service.broker_urls import REDIS, as_redis_py
from otp_worker.service.email_settings import EmailSettings
from otp_worker.service.gateways_file import read_gateways
from otp_worker.service.hook_settings import HookSettings
from otp_worker.service.message_settings import MessageSettings
from otp_worker.service.secret_files import PREFIX, SECRETS, read_secret_files, variable_of
from otp_worker.service.setting_types import (
    BrokerUrl,
    Countries,
    DatabaseUrl,
    GatewayKind,
    HttpUrl,
    Languages,
    Logins,
    Rates,
    RedisUrl,
    SealPublicKey,
    Secrets,
    SmsText,
    UserAndPassword,
    WebhookSecret,
    is_private,
    listed,
    refuse_forgotten_windows,
)
from otp_worker.service.single_gateway import check_countries, single_gateway

OldestVersion = Literal["0.1", "0.2", "0.3"]
"""The oldest version of which a process may still run; the last is this one."""


class _SecretFiles(PydanticBaseSettingsSource):
    """The secrets in files. They come before the environment, where an empty variable would hide them."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        environment = {name.upper(): value for name, value in os.environ.items()}
        fields = {variable_of(field): field for field in SECRETS}
        return {fields[name]: value for name, value in read_secret_files(environment, fields).items()}


class Settings(MessageSettings, EmailSettings, HookSettings, BaseSettings):
    """What the operator decides; each field is the variable ``OTP_<FIELD>`` unless it says otherwise."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=False,
        enable_decoding=False,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    database_url: DatabaseUrl | None = Field(None, repr=False)
    broker_url: BrokerUrl | None = Field(None, repr=False)
    redis_url: RedisUrl | None = Field(None, repr=False)
    secret_key: Secrets | None = None
    code_key: Secrets | None = None
    seal_public_key: SealPublicKey | None = None
    countries: Countries | None = None
    public_url: HttpUrl | None = None
    oldest_version: OldestVersion = "0.1"

    gateways_file: str | None = None
    gateway_kind: GatewayKind = "mobile_api_connect"
    gateway_url: HttpUrl | None = None
    gateway_key: PlainSecret | None = None
    gateway_webhook_secret: PlainSecret | None = None
    gateway_timeout_seconds: float = Field(15.0, ge=1, le=60)
    gateway_pace_per_minute: int = Field(0, ge=0, le=60_000)
    gateway_uncertain: UncertainPolicy = UncertainPolicy.RESEND_ONCE

    code_length: int = Field(6, ge=MIN_LENGTH, le=MAX_LENGTH)
    ttl_seconds: int = Field(300, ge=MIN_LIFE_SECONDS, le=MAX_LIFE_SECONDS)
    send_deadline_seconds: int = Field(300, ge=10, le=MAX_LIFE_SECONDS - MIN_LIFE_SECONDS)
    resend_after_seconds: int = Field(30, ge=0, le=MAX_LIFE_SECONDS)
    max_checks: int = Field(5, ge=1, le=10)
    bcrypt_rounds: int = Field(10, ge=4, le=15)

    limit_number: Rates = parse_rates("1/30s,5/10m,10/h")
    limit_block: Rates = parse_rates("30/10m,100/h")
    limit_country: Rates = parse_rates("2000/h,10000/d")
    limit_key: Rates = parse_rates("2000/h,10000/d")
    limit_ip: Rates = parse_rates("10/10m,30/h")
    limit_total: Rates = parse_rates("3000/h,15000/d")
    limit_checks_key: Rates = parse_rates("600/m")
    limit_checks_ip: Rates = parse_rates("30/m,200/h")

    guard: GuardMode = GuardMode.ON
    guard_min_sends: int = Field(20, ge=5)
    guard_pause_seconds: int = Field(3600, ge=60, le=LONGEST_PAUSE_SECONDS)

    tracing: bool = False
    twilio: bool = False

    canary_seconds: int = Field(0, ge=0, le=86_400)

    number_retention_seconds: int = Field(3600, ge=0)
    retention_days: int = Field(30, ge=1)

    reply_languages: Languages = frozenset(REPLY_LANGUAGES)
    inbound_verification: bool = False
    confirm_stop: SmsText = ""
    confirm_report: SmsText = ""
    report_lock_seconds: int = Field(3600, ge=60, le=86_400)
    reply_webhook_url: HttpUrl | None = None
    reply_webhook_secret: WebhookSecret | None = None
    reply_webhook_private: bool = False
    endpoints_private: bool = False

    entry_page: bool = False

    console_url: HttpUrl | None = None

    console_auth: Logins | None = None
    welcome_file: Path | None = None
    flower_auth: UserAndPassword | None = None
    flower_host: str = Field("127.0.0.1", validation_alias=AliasChoices("FLOWER_HOST", "flower_host"))
    flower_port: int = Field(
        5555, ge=1, le=65535, validation_alias=AliasChoices("FLOWER_PORT", "flower_port")
    )
    state_dir: Path = Path(".state")
    log_format: Literal["json", "console"] = "json"
    publish_wait_seconds: float = Field(0.25, gt=0, le=10)

    @model_validator(mode="after")
    def _webhook_is_signed(self) -> "Settings":
        if self.reply_webhook_url and not self.reply_webhook_secret:
            raise ValueError(
                "OTP_REPLY_WEBHOOK_SECRET: is not set, and OTP_REPLY_WEBHOOK_URL needs it to sign with"
            )
        return self

    @model_validator(mode="after")
    def _can_be_reached(self) -> "Settings":
        for variable, is_on, purpose in (
            ("OTP_INBOUND_VERIFICATION", self.inbound_verification, "the gateway posts what comes in"),
            ("OTP_ENTRY_PAGE", self.entry_page, "people open the page"),
        ):
            if is_on and not self.public_url:
                raise ValueError(f"{variable}: needs OTP_PUBLIC_URL, where {purpose}")
        return self

    @model_validator(mode="after")
    def _webhook_is_public(self) -> "Settings":
        if not self.reply_webhook_private and is_private(self.reply_webhook_url):
            raise ValueError(
                "OTP_REPLY_WEBHOOK_URL: is a private address; OTP_REPLY_WEBHOOK_PRIVATE=true allows it"
            )
        return self

    @model_validator(mode="after")
    def _limits_can_be_counted(self) -> "Settings":
        refuse_forgotten_windows(self.limit_rates, self.retention_days)
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the files that the environment names, then the environment."""
        return init_settings, _SecretFiles(settings_cls), env_settings

    @cached_property
    def policy(self) -> Policy:
        """The rules for codes and deliveries."""
        return Policy(
            countries=self.countries or frozenset(),
            code_length=self.code_length,
            ttl_seconds=self.ttl_seconds,
            send_deadline_seconds=self.send_deadline_seconds,
            resend_after_seconds=self.resend_after_seconds,
            max_checks=self.max_checks,
            bcrypt_rounds=self.bcrypt_rounds,
            templates=self.templates,
            languages=self.languages,
            gateway_timeout_seconds=self.gateway_timeout_seconds,
            # The lease must outlive the longest attempt: connecting, the answer, bcrypt, and a slow database.
            lease_seconds=self.gateway_timeout_seconds + 15,
            quiet_hours=self.quiet_hours,
        )

    @cached_property
    def sims(self) -> Sims:
        """The SIMs and their gateways: those of the file, or the single one of the environment.

        Raises ConfigurationError.
        """
        if self.gateways_file:
            sims = read_gateways(Path(self.gateways_file), self.gateway_uncertain)
        else:
            account = {
                "kind": self.gateway_kind,
                "url": self.gateway_url,
                "key": self.gateway_key or SecretStr(""),
                "webhook_secret": self.gateway_webhook_secret,
            }
            sims = single_gateway(account, self.gateway_pace_per_minute, self.gateway_uncertain)
        check_countries(sims, self.countries or frozenset(), inbound=self.inbound_verification)
        return self.with_email(sims)

    @property
    def confirmations(self) -> dict[ReplyKind, str]:
        """What is texted back to whom, where the operator worded it."""
        worded = {ReplyKind.STOP: self.confirm_stop, ReplyKind.REPORT: self.confirm_report}
        return {meaning: text for meaning, text in worded.items() if text}

    @property
    def limit_rates(self) -> dict[Limit, tuple[Rate, ...]]:
        """The rates of every limit; none where it is turned off."""
        return {limit: getattr(self, f"limit_{limit.value}") for limit in OF_THE_OPERATOR}

    @property
    def limits_url(self) -> str | None:
        """The Redis that limits are counted in; None where the database is to count them."""
        broker = self.broker_url or ""
        url = (broker if broker.startswith(REDIS) else "") if self.redis_url is None else self.redis_url
        return as_redis_py(url) or None

    @property
    def root_secrets(self) -> list[str]:
        """The root secrets, newest first."""
        return listed(self.secret_key)

    @property
    def code_secrets(self) -> list[str]:
        """The secrets that codes are derived from: their own where given, else the root's."""
        return listed(self.code_key) or self.root_secrets
