"""The environment of a service that is to be: what is given of it, whether it is whole, and its file."""

import os
import shlex
from collections.abc import Mapping
from pathlib import Path

from otp_worker.domain.errors import ConfigurationError
from otp_worker.service.roles import Role, load_settings
from otp_worker.service.secret_files import PREFIX
from otp_worker.service.settings import Settings

_ROLES: tuple[Role, ...] = ("web", "worker", "beat", "flower", "console", "cli")
_HEADER = """\
# The environment of otp-worker, written by `otp-worker init`. Keep it: nobody can make OTP_SECRET_KEY again.
# What else can be set here stands in deploy/README.md.
"""


def given_variables() -> dict[str, str]:
    """The service's variables that stand in our environment."""
    return {name: value for name, value in os.environ.items() if name.startswith(PREFIX)}


def check_variables(variables: Mapping[str, str]) -> Settings:
    """The settings that these are. Raises ConfigurationError unless every process could start with them."""
    if refused := refused_variables(variables):
        raise ConfigurationError("\n".join(refused.values()))
    return some_settings(variables, "cli")


def refused_variables(variables: Mapping[str, str]) -> dict[str, str]:
    """A line about each variable with which some process could not start, by the variable's name.

    As long as any is malformed, those that are missing are not among them.
    """
    lines: dict[str, str] = {}
    for role in _ROLES:
        try:
            some_settings(variables, role)
        except ConfigurationError as error:
            lines |= {line.partition(":")[0]: line for line in str(error).splitlines()}
    return lines


def some_settings(variables: Mapping[str, str], role: Role) -> Settings:
    """What these variables alone mean to one kind of process. Raises ConfigurationError."""
    before = dict(os.environ)
    for name in given_variables():
        del os.environ[name]
    os.environ.update(variables)
    try:
        return load_settings(role)
    finally:
        os.environ.clear()
        os.environ.update(before)


def take_over(file: Path) -> None:
    """Put a file's variables into our environment, as a shell that reads it would.

    Raises ConfigurationError with the line that is none, and where the file cannot be read.
    """
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file}: cannot be read: {error}") from None
    for number, line in enumerate(lines, start=1):
        for word in _words(line, f"{file}, line {number}"):
            name, _, value = word.partition("=")
            os.environ[name] = value


def _words(line: str, place: str) -> list[str]:
    try:
        words = shlex.split(line.strip().removeprefix("export "), comments=True)
    except ValueError as error:
        raise ConfigurationError(f"{place}: {error}") from None
    if not all(word.partition("=")[0].isidentifier() and "=" in word for word in words):
        # What stands there may be a secret.
        raise ConfigurationError(f"{place}: is not NAME=value")
    return words


def write_file(file: Path, variables: Mapping[str, str]) -> None:
    """Write the variables for a shell, readable by us alone. Raises FileExistsError."""
    lines = [f"{name}={shlex.quote(value)}\n" for name, value in variables.items()]
    # Never readable by others, not even while it is written; and never in the place of another file.
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as output:
        output.write(_HEADER + "".join(lines))
