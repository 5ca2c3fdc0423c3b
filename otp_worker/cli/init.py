"""``otp-worker init``: write the environment file of a new service."""

import secrets
import shlex
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from otp_worker.domain.errors import ConfigurationError, DatabaseUnavailableError
from otp_worker.service.database import open_database
from otp_worker.service.environment_file import check_variables, given_variables, write_file
from otp_worker.service.settings import Settings
from otp_worker.store.migrate import upgrade
from otp_worker.store.schema_state import current_version


@dataclass(frozen=True, slots=True)
class Question:
    """A variable that only the operator knows."""

    variable: str
    text: str
    usual: str | None = None
    is_secret: bool = False


_QUESTIONS = (
    Question("OTP_DATABASE_URL", "Database (postgresql://..., or sqlite:// with an absolute path)"),
    Question("OTP_BROKER_URL", "Broker (Redis, Valkey or RabbitMQ)", "redis://127.0.0.1:6379/0"),
    Question("OTP_COUNTRIES", "Countries to send to, with commas (such as GB,IE)"),
    Question("OTP_PUBLIC_URL", "Where gateways reach this service (such as https://otp.example.com)"),
    Question("OTP_GATEWAY_URL", "The phone gateway's API", "https://api.mobileapiconnect.com/v1"),
    Question("OTP_GATEWAY_KEY", "Its key (sk_live_...)", is_secret=True),
    Question("OTP_GATEWAY_WEBHOOK_SECRET", "Its webhooks' secret (whsec_...)", is_secret=True),
)
_MADE: dict[str, Callable[[], str]] = {
    "OTP_SECRET_KEY": lambda: secrets.token_urlsafe(48),
    "OTP_CONSOLE_AUTH": lambda: f"operator:{secrets.token_urlsafe(18)}",
    "OTP_FLOWER_AUTH": lambda: f"operator:{secrets.token_urlsafe(18)}",
}


def init(
    file: Annotated[Path, typer.Option(help="The file to write; it must not exist.")] = Path("otp.env"),
    database_url: str | None = typer.Option(None, envvar="OTP_DATABASE_URL"),
    broker_url: str | None = typer.Option(None, envvar="OTP_BROKER_URL"),
    countries: str | None = typer.Option(None, envvar="OTP_COUNTRIES"),
    public_url: str | None = typer.Option(None, envvar="OTP_PUBLIC_URL"),
    gateway_url: str | None = typer.Option(None, envvar="OTP_GATEWAY_URL"),
) -> None:
    """Ask for what only you know, make strong secrets, and write an environment file that only you can read.

    An empty database gets its schema. What is given as an option or stands in the environment is not asked
    for; secrets are never options.
    """
    if file.exists():
        raise ConfigurationError(f"{file} exists already; move it away, or give another --file")
    given = {
        "OTP_DATABASE_URL": database_url,
        "OTP_BROKER_URL": broker_url,
        "OTP_COUNTRIES": countries,
        "OTP_PUBLIC_URL": public_url,
        "OTP_GATEWAY_URL": gateway_url,
    }
    variables = _complete(
        {
            **given_variables(),
            **{name: value for name, value in given.items() if value is not None},
        }
    )
    write_file(file, variables)
    typer.echo(f"{file} is written, for you alone. Back it up.")
    command = f"otp-worker --env {shlex.quote(str(file))}"
    typer.echo(_make_schema(check_variables(variables), f"{command} migrate"))
    typer.echo(f"Next:             {command} start")
    typer.echo(f"and beside it:    {command} doctor --wait 60")


def _make_schema(settings: Settings, migrate: str) -> str:
    """Give an empty database its schema; one that has a schema may be in use, and is left alone."""
    db = open_database(settings)
    try:
        if current_version(db) is not None:
            return f"The database has a schema, which is left as it is; `{migrate}` brings it up to date."
        return f"The database's schema is made ({upgrade(db)[1]})."
    except DatabaseUnavailableError as error:
        return f"There is no schema yet: {error} `{migrate}` makes it."
    finally:
        db.close()


def _complete(given: Mapping[str, str]) -> dict[str, str]:
    """All variables of a service that can start; asks again for what is refused, as long as somebody answers.

    Raises ConfigurationError.
    """
    variables = {name: make() for name, make in _MADE.items()} | dict(given)
    asked = [each for each in _QUESTIONS if each.variable not in variables]
    while True:
        variables |= {each.variable: _answer(each) for each in asked}
        try:
            check_variables(variables)
        except ConfigurationError as error:
            refused = {line.partition(":")[0] for line in str(error).splitlines()}
            asked = [each for each in _QUESTIONS if each.variable in refused]
            if not (asked and sys.stdin.isatty()):
                raise
            typer.echo(str(error), err=True)
        else:
            return variables


def _answer(question: Question) -> str:
    """What somebody types. Raises ConfigurationError where nobody can."""
    if not sys.stdin.isatty():
        raise ConfigurationError(f"{question.variable}: is not set, and there is no terminal to ask at")
    answer: str = typer.prompt(question.text, default=question.usual, hide_input=question.is_secret)
    return answer.strip()
