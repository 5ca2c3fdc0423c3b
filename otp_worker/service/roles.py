"""What each kind of process must be told before it starts."""

from typing import Any, Literal

from pydantic import SecretStr, ValidationError

from otp_worker.domain.errors import ConfigurationError
from otp_worker.service.secret_files import variable_of
from otp_worker.service.settings import Settings

Role = Literal["web", "worker", "beat", "flower", "console", "cli"]

_INTAKE = ("database_url", "broker_url", "secret_key", "countries", "public_url")
_REQUIRED: dict[Role, tuple[str, ...]] = {
    "web": _INTAKE,
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
    "console": (*_INTAKE, "console_auth"),
    "cli": ("database_url",),
}


def load_settings(role: Role) -> Settings:
    """Read the environment for one kind of process.

    Raises ConfigurationError with one line for each variable that is missing or malformed.
    """
    try:
        settings = Settings()
    except ValidationError as error:
        raise ConfigurationError("\n".join(_problem(problem) for problem in error.errors())) from None
    missing = [variable_of(field) for field in _REQUIRED[role] if _is_missing(settings, field)]
    if role == "worker" and settings.gateways_file:
        missing = [variable for variable in missing if not variable.startswith("OTP_GATEWAY_")]
    if missing:
        raise ConfigurationError("\n".join(f"{variable}: is not set" for variable in missing))
    if role in ("web", "worker", "console"):
        # What is wrong with the gateways stops the start as well, and what is wrong with the hooks.
        _ = settings.sims
    if role == "web":
        _ = settings.hooks
    return settings


def _is_missing(settings: Settings, field: str) -> bool:
    value = getattr(settings, field)
    # An empty public URL is a decision: this service cannot be reached from outside, so ask for no callbacks.
    return value is None if field == "public_url" else not value or value == SecretStr("")


def _problem(problem: Any) -> str:
    message = problem["msg"].removeprefix("Value error, ")
    if not problem["loc"]:
        return str(message)
    variable = variable_of(str(problem["loc"][0]))
    return f"{variable}: {message}"
