"""The environment, read here and nowhere else."""

import json
import os
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import phonenumbers
from pydantic import (
    AliasChoices,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from otp_worker.codes import MAX_LENGTH, MIN_LENGTH
from otp_worker.errors import ConfigurationError, InvalidFieldError
from otp_worker.gateways.file import read_gateways
from otp_worker.gateways.http import is_public
from otp_worker.gateways.kinds import account_kinds
from otp_worker.guard import GuardMode
from otp_worker.limits import Limit, Rate, parse_rates
from otp_worker.policy import MAX_LIFE_SECONDS, MIN_LIFE_SECONDS, Policy
from otp_worker.pumping import LONGEST_PAUSE_SECONDS
from otp_worker.retry import UncertainPolicy
from otp_worker.sims import Sim, Sims
from otp_worker.text import check_template

PREFIX = "OTP_"
REDIS = ("redis://", "rediss://", "redis+socket://")
BROKERS = (*REDIS, "amqp://", "amqps://")
SECRET_BYTES = 32
SECRET_VARIETY = 10


def _parsed(value: object) -> object:
    return parse_rates(value) if isinstance(value, str) else value


Rates = Annotated[tuple[Rate, ...], NoDecode, BeforeValidator(_parsed)]

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
)


class _SecretFiles(PydanticBaseSettingsSource):
    """``OTP_X_FILE`` names a file that holds the secret ``OTP_X``."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for field in _SECRETS:
            variable = f"{PREFIX}{field.upper()}_FILE"
            path = os.environ.get(variable)
            if path:
                try:
                    found[field] = Path(path).read_text().strip()
                except OSError as error:
                    raise ConfigurationError(f"{variable}: cannot be read ({error.strerror})") from None
                except UnicodeDecodeError:
                    raise ConfigurationError(f"{variable}: cannot be read (not a text file)") from None
        return found


class Settings(BaseSettings):
    """What the operator decides; each field is the variable ``OTP_<FIELD>`` unless it says otherwise."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=False, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    database_url: str | None = Field(None, repr=False)
    broker_url: str | None = Field(None, repr=False)
    redis_url: str | None = Field(None, repr=False)
    secret_key: SecretStr | None = None
    code_key: SecretStr | None = None
    countries: Annotated[frozenset[str] | None, NoDecode] = None
    public_url: str | None = None

    gateways_file: Path | None = None
    gateway_kind: str = "mobile_api_connect"
    gateway_url: str | None = None
    gateway_key: SecretStr | None = None
    gateway_webhook_secret: SecretStr | None = None
    gateway_timeout_seconds: float = Field(15.0, ge=1, le=60)
    gateway_pace_per_minute: int = Field(0, ge=0, le=60_000)
    gateway_uncertain: UncertainPolicy = UncertainPolicy.RESEND_ONCE

    code_length: int = Field(6, ge=MIN_LENGTH, le=MAX_LENGTH)
    ttl_seconds: int = Field(300, ge=MIN_LIFE_SECONDS, le=MAX_LIFE_SECONDS)
    send_deadline_seconds: int = Field(300, ge=10, le=MAX_LIFE_SECONDS - MIN_LIFE_SECONDS)
    resend_after_seconds: int = Field(30, ge=0, le=MAX_LIFE_SECONDS)
    max_checks: int = Field(5, ge=1, le=10)
    bcrypt_rounds: int = Field(10, ge=4, le=15)
    templates: Annotated[dict[str, str], NoDecode] = Field(default_factory=dict)

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

    number_retention_seconds: int = Field(3600, ge=0)
    retention_days: int = Field(30, ge=1)

    reply_webhook_url: str | None = None
    reply_webhook_secret: SecretStr | None = None
    reply_webhook_private: bool = False

    flower_auth: SecretStr | None = None
    flower_port: int = Field(
        5555, ge=1, le=65535, validation_alias=AliasChoices("FLOWER_PORT", "flower_port")
    )
    state_dir: Path = Path(".state")
    log_format: Literal["json", "console"] = "json"
    publish_wait_seconds: float = Field(0.25, gt=0, le=10)

    @field_validator("countries", mode="before")
    @classmethod
    def _split_countries(cls, value: object) -> object:
        return (
            frozenset(filter(None, (part.strip().upper() for part in value.split(","))))
            if isinstance(value, str)
            else value
        )

    @field_validator("countries")
    @classmethod
    def _countries_exist(cls, value: frozenset[str] | None) -> frozenset[str] | None:
        unknown = (value or frozenset()) - phonenumbers.SUPPORTED_REGIONS
        if unknown:
            raise ValueError(f"not an ISO 3166 country code: {', '.join(sorted(unknown))}")
        if value is not None and not value:
            raise ValueError("name at least one country, such as GB,DE")
        return value

    @field_validator("gateway_kind")
    @classmethod
    def _kind_is_known(cls, value: str) -> str:
        if value not in account_kinds():
            raise ValueError(f"give one of {', '.join(sorted(account_kinds()))}")
        return value

    @field_validator("database_url")
    @classmethod
    def _database_is_known(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            url = make_url(value)
        except (ArgumentError, ValueError):
            # Where the password is taken for a port, the library's own message quotes it.
            raise ValueError(
                "not a database URL; give sqlite:////path or postgresql://user:password@host/name"
            ) from None
        if url.drivername in ("postgresql", "postgres"):
            url = url.set(drivername="postgresql+psycopg")
        if url.drivername not in ("sqlite", "postgresql+psycopg"):
            raise ValueError("only sqlite:// and postgresql:// are supported")
        return url.render_as_string(hide_password=False)

    @field_validator("broker_url")
    @classmethod
    def _broker_is_known(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(BROKERS):
            raise ValueError(f"only {', '.join(BROKERS)} are supported")
        return value

    @field_validator("redis_url")
    @classmethod
    def _is_redis(cls, value: str | None) -> str | None:
        if value and not value.startswith(REDIS):
            raise ValueError(f"only {', '.join(REDIS)} are supported")
        return value

    @field_validator("public_url", "gateway_url", "reply_webhook_url")
    @classmethod
    def _is_http(cls, value: str | None) -> str | None:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("not an http:// or https:// URL")
        return value.rstrip("/") if value else value

    @field_validator("secret_key", "code_key")
    @classmethod
    def _is_strong(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not all(map(_is_random_enough, _listed(value) or [""])):
            raise ValueError(
                f"too weak: give at least {SECRET_BYTES} random bytes, "
                "such as python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"
            )
        return value

    @field_validator("flower_auth")
    @classmethod
    def _is_user_and_password(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            user, colon, password = value.get_secret_value().partition(":")
            if not (user and colon and len(password) >= 8):
                raise ValueError("give user:password, the password at least 8 characters long")
        return value

    @field_validator("templates", mode="before")
    @classmethod
    def _read_templates(cls, value: object) -> object:
        try:
            return json.loads(value) if isinstance(value, str) else value
        except ValueError:
            raise ValueError('not JSON; give {"default": "Your code is {code}."}') from None

    @field_validator("templates")
    @classmethod
    def _templates_are_clean(cls, value: dict[str, str]) -> dict[str, str]:
        for name, template in value.items():
            try:
                check_template(name, template)
            except InvalidFieldError as error:
                raise ValueError(str(error)) from None
        return value

    @model_validator(mode="after")
    def _webhook_is_signed(self) -> "Settings":
        if self.reply_webhook_url and not self.reply_webhook_secret:
            raise ValueError(
                "OTP_REPLY_WEBHOOK_SECRET: is not set, and OTP_REPLY_WEBHOOK_URL needs it to sign with"
            )
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
        """Arguments, then the environment, then the files it names."""
        return init_settings, env_settings, _SecretFiles(settings_cls)

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
        if self.gateways_file is not None:
            found = read_gateways(self.gateways_file, self.gateway_uncertain)
        else:
            found = self._single_gateway()
        for country in sorted(self.countries or ()):
            if not found.serving(country):
                raise ConfigurationError(f"OTP_COUNTRIES: no SIM in OTP_GATEWAYS_FILE serves {country}")
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
        return _listed(self.secret_key)

    @property
    def code_secrets(self) -> list[str]:
        """The secrets that codes are derived from: their own where given, else the root's."""
        return _listed(self.code_key) or self.root_secrets


def load_settings(role: Role) -> Settings:
    """Read the environment for one kind of process.

    Raises ConfigurationError with one line for each variable that is missing or malformed.
    """
    try:
        settings = Settings()
    except ValidationError as error:
        raise ConfigurationError("\n".join(_problem(problem) for problem in error.errors())) from None
    missing = [_variable(field) for field in _REQUIRED[role] if _is_missing(settings, field)]
    if role == "worker" and settings.gateways_file is not None:
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


def _is_random_enough(secret: str) -> bool:
    return len(secret.encode()) >= SECRET_BYTES and len(set(secret)) >= SECRET_VARIETY


def _listed(secret: SecretStr | None) -> list[str]:
    return [part.strip() for part in secret.get_secret_value().split(",") if part.strip()] if secret else []
