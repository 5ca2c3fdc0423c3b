"""Secrets in files: ``OTP_X_FILE`` is the path of one that holds ``OTP_X``."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from otp_worker.domain.errors import ConfigurationError

PREFIX = "OTP_"

SECRETS = (
    "database_url",
    "broker_url",
    "redis_url",
    "secret_key",
    "code_key",
    "gateway_key",
    "gateway_webhook_secret",
    "flower_auth",
    "console_auth",
    "reply_webhook_secret",
    "smtp_url",
)
"""The settings that may be given as a file."""


def read_secret_files(environment: Mapping[str, str], variables: Iterable[str]) -> dict[str, str]:
    """What the files of these variables hold, by variable; an empty variable counts as not given.

    Raises ConfigurationError where a file cannot be read, or the variable is given beside it.
    """
    paths = {variable: environment.get(f"{variable}_FILE") for variable in variables}
    for variable, path in paths.items():
        if path and environment.get(variable):
            raise ConfigurationError(f"{variable}: is set, and so is {variable}_FILE; give one of them")
    return {variable: _read(f"{variable}_FILE", path) for variable, path in paths.items() if path}


def variable_of(field: str) -> str:
    """The environment variable of a field of the settings."""
    name = field.upper()
    return name if name.startswith((PREFIX, "FLOWER_HOST", "FLOWER_PORT")) else f"{PREFIX}{name}"


def _read(variable: str, path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError as error:
        raise ConfigurationError(f"{variable}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{variable}: cannot be read (not a text file)") from None
