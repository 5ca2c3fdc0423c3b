"""The environment, read here and nowhere else."""

import os
from functools import cached_property
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import AliasChoices, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from otp_worker.domain.errors import ConfigurationError
from otp_worker.domain.ip_address import is_public
from otp_worker.domain.limits import Limit, Rate, parse_rates
from otp_worker.domain.passcode import MAX_LENGTH, MIN_LENGTH
from otp_worker.domain.policy import MAX_LIFE_SECONDS, MIN_LIFE_SECONDS, Policy
from otp_worker.domain.pumping import LONGEST_PAUSE_SECONDS
from otp_worker.domain.reply import Meaning
from otp_worker.domain.sim import Sim, Sims, UncertainPolicy
from otp_worker.domain.sms_text import LANGUAGES
from otp_worker.gateways.account import PlainSecret
from otp_worker.gateways.registry import account_kinds
from otp_worker.protection.pumping_guard import GuardMode
from otp_worker.service.gateways_file import read_gateways
from otp_worker.service.secret_files import read_secret_files
from otp_worker.service.setting_types import (
    REDIS,
    BrokerUrl,
    Countries,
    DatabaseUrl,
    Email,
    GatewayKind,
    HttpUrl,
    Languages,
    Rates,
    RedisUrl,
    Secrets,
    SmsText,
    SmtpUrl,
    Templates,
    UserAndPassword,
    WebhookSecret,
    listed,
)

PREFIX = "OTP_"

Role = Literal["web", "worker", "beat", "flower", "cli"]

_REQUIRED: dict[Role, tuple[str, ...]] = {
    "web": ("database_url", "broker_url", "secret_key", "countries", "public_url"),
    "worker": (
        "database_url",
        "broker_url",
        "secret_key",
        "countries",
        "public_url",
        "gateway_url",
        "gateway_key",
    ),
    "beat": ("broker_url",),
    "flower": ("broker_url", "flower_auth"),
    "cli": ("database_url",),
}

_SECRETS = (
    "database_url",
    "broker_url",
    "redis_url",
    "secret_key",
    "code_key",
    "gateway_key",
    "gateway_webhook_secret",
    "flower_auth",
    "reply_webhook_secret",
    "smtp_url",
)


class _SecretFiles(PydanticBaseSettingsSource):
    """The secrets in files. They come before the environment, where an empty variable would hide them."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        environment = {name.upper(): value for name, value in os.environ.items()}
        fields = {_variable(field): field for field in _SECRETS}
        return {fields[name]: value for name, value in read_secret_files(environment, fields).items()}


class Settings(BaseSettings):
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
    countries: Countries | None = None
    public_url: HttpUrl | None = None

    gateways_file: str | None = None
    gateway_kind: GatewayKind = "mobile_api_connect"
    gateway_url: HttpUrl | None = None
    gateway_key: PlainSecret | None = None
    gateway_webhook_secret: PlainSecret | None = None
    gateway_timeout_seconds: float = Field(15.0, ge=1, le=60)
    gateway_pace_per_minute: int = Field(0, ge=0, le=60_000)
    gateway_uncertain: UncertainPolicy = UncertainPolicy.RESEND_ONCE

    code_length: int = Field(6, ge=MIN_LENGTH, le=MAX_LENGTH)
    uniform_long_codes: bool = False
    ttl_seconds: int = Field(300, ge=MIN_LIFE_SECONDS, le=MAX_LIFE_SECONDS)
    send_deadline_seconds: int = Field(300, ge=10, le=MAX_LIFE_SECONDS - MIN_LIFE_SECONDS)
    resend_after_seconds: int = Field(30, ge=0, le=MAX_LIFE_SECONDS)
    max_checks: int = Field(5, ge=1, le=10)
    bcrypt_rounds: int = Field(10, ge=4, le=15)
    templates: Templates = Field(default_factory=dict)

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

    canary_seconds: int = Field(0, ge=0, le=86_400)

    number_retention_seconds: int = Field(3600, ge=0)
    retention_days: int = Field(30, ge=1)

    reply_languages: Languages = frozenset(LANGUAGES)
    inbound_verification: bool = False
    confirm_stop: SmsText = ""
    confirm_report: SmsText = ""
    report_lock_seconds: int = Field(3600, ge=60, le=86_400)
    reply_webhook_url: HttpUrl | None = None
    reply_webhook_secret: WebhookSecret | None = None
    reply_webhook_private: bool = False

    support_email: Email | None = None
    smtp_url: SmtpUrl | None = None
    smtp_from: Email | None = None

    flower_auth: UserAndPassword | None = None
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
    def _inbound_can_come_in(self) -> "Settings":
        if self.inbound_verification and not self.public_url:
            raise ValueError(
                "OTP_INBOUND_VERIFICATION: needs OTP_PUBLIC_URL, where the gateway posts what comes in"
            )
        return self

    @model_validator(mode="after")
    def _email_is_whole(self) -> "Settings":
        for variable, value in (("OTP_SMTP_URL", self.smtp_url), ("OTP_SMTP_FROM", self.smtp_from)):
            if self.support_email and not value:
                raise ValueError(f"{variable}: is not set, and OTP_SUPPORT_EMAIL needs it")
        return self

    @model_validator(mode="after")
    def _webhook_is_public(self) -> "Settings":
        host = urlsplit(self.reply_webhook_url or "").hostname or ""
        if not self.reply_webhook_private and _is_private(host):
            raise ValueError(
                "OTP_REPLY_WEBHOOK_URL: is a private address; OTP_REPLY_WEBHOOK_PRIVATE=true allows it"
            )
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
            gateway_timeout_seconds=self.gateway_timeout_seconds,
            # The lease must outlive the longest attempt: connecting, the answer, bcrypt, and a slow database.
            lease_seconds=self.gateway_timeout_seconds + 15,
        )

    @cached_property
    def sims(self) -> Sims:
        """The SIMs and their gateways: those of the file, or the single one of the environment.

        Raises ConfigurationError.
        """
        if self.gateways_file:
            found = read_gateways(Path(self.gateways_file), self.gateway_uncertain)
        else:
            found = self._single_gateway()
        for country in sorted(self.countries or ()):
            if not found.serving(country):
                raise ConfigurationError(f"OTP_COUNTRIES: no SIM in OTP_GATEWAYS_FILE serves {country}")
            if self.inbound_verification and not any(sim.number for sim in found.serving(country)):
                raise ConfigurationError(
                    f"OTP_INBOUND_VERIFICATION: no SIM that serves {country} has a number to text to; "
                    "give its number in OTP_GATEWAYS_FILE"
                )
        return found

    def _single_gateway(self) -> Sims:
        described = {
            "kind": self.gateway_kind,
            "url": self.gateway_url,
            "key": self.gateway_key or SecretStr(""),
            "webhook_secret": self.gateway_webhook_secret,
        }
        given = {name: value for name, value in described.items() if value is not None}
        try:
            account = account_kinds()[self.gateway_kind].model_validate(given)
        except ValidationError as error:
            missing = ", ".join(str(problem["loc"][0]) for problem in error.errors())
            raise ConfigurationError(
                f"OTP_GATEWAY_KIND: {self.gateway_kind} needs more ({missing}): use OTP_GATEWAYS_FILE"
            ) from None
        gateway = account.open(self.gateway_kind)
        sim = Sim(
            self.gateway_kind,
            self.gateway_kind,
            pace_per_minute=self.gateway_pace_per_minute,
            uncertain=self.gateway_uncertain,
        )
        return Sims((sim,), {self.gateway_kind: gateway})

    @property
    def confirmations(self) -> dict[Meaning, str]:
        """What is texted back to whom, where the operator worded it."""
        worded = {Meaning.STOP: self.confirm_stop, Meaning.REPORT: self.confirm_report}
        return {meaning: text for meaning, text in worded.items() if text}

    @property
    def limit_rates(self) -> dict[Limit, tuple[Rate, ...]]:
        """The rates of every limit; none where it is turned off."""
        return {limit: getattr(self, f"limit_{limit.value}") for limit in Limit}

    @property
    def limits_url(self) -> str | None:
        """The Redis that limits are counted in; None where the database is to count them."""
        broker = self.broker_url or ""
        url = (broker if broker.startswith(REDIS) else "") if self.redis_url is None else self.redis_url
        # A socket has one spelling at kombu and another at redis-py.
        return url.replace("redis+socket://", "unix://").replace("?virtual_host=", "?db=") or None

    @property
    def root_secrets(self) -> list[str]:
        """The root secrets, newest first."""
        return listed(self.secret_key)

    @property
    def code_secrets(self) -> list[str]:
        """The secrets that codes are derived from: their own where given, else the root's."""
        return listed(self.code_key) or self.root_secrets


def load_settings(role: Role) -> Settings:
    """Read the environment for one kind of process.

    Raises ConfigurationError with one line for each variable that is missing or malformed.
    """
    try:
        settings = Settings()
    except ValidationError as error:
        raise ConfigurationError("\n".join(_problem(problem) for problem in error.errors())) from None
    missing = [_variable(field) for field in _REQUIRED[role] if _is_missing(settings, field)]
    if role == "worker" and settings.gateways_file:
        missing = [variable for variable in missing if not variable.startswith("OTP_GATEWAY_")]
    if missing:
        raise ConfigurationError("\n".join(f"{variable}: is not set" for variable in missing))
    if role in ("web", "worker"):
        # What is wrong with the gateways stops the start as well.
        _ = settings.sims
    return settings


def _is_missing(settings: Settings, field: str) -> bool:
    value = getattr(settings, field)
    # An empty public URL is a decision: this service cannot be reached from outside, so ask for no callbacks.
    return value is None if field == "public_url" else not value or value == SecretStr("")


def _problem(problem: Any) -> str:
    message = problem["msg"].removeprefix("Value error, ")
    if not problem["loc"]:
        return str(message)
    variable = _variable(str(problem["loc"][0]))
    return f"{variable}: {message}"


def _variable(field: str) -> str:
    name = field.upper()
    return name if name == "FLOWER_PORT" or name.startswith(PREFIX) else f"{PREFIX}{name}"


def _is_private(host: str) -> bool:
    """Whether a host is seen to be private without asking for its address; sending judges the others."""
    try:
        return not is_public(host)
    except ValueError:
        return host == "localhost"
