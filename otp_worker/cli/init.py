"""``otp-worker init``: write the environment file of a new service."""

import secrets
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from otp_worker.cli.questions import complete
from otp_worker.domain.errors import ConfigurationError, DatabaseUnavailableError
from otp_worker.service.database import open_database
from otp_worker.service.environment_file import check_variables, given_variables, write_file
from otp_worker.service.settings import Settings
from otp_worker.store.migrate import upgrade
from otp_worker.store.schema_state import current_version

_OF_THE_DEMO = "OTP_WELCOME_FILE"
"""Only the demo sets it: a shell that has sourced the demo's file would give a service its secrets."""
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

    Each answer is judged at once, and asked for again where it is wrong. An empty database gets its schema.
    What is given as an option or stands in the environment is not asked for; secrets are never options.
    """
    if file.exists():
        raise ConfigurationError(f"{file} exists already; move it away, or give another --file")
    taken = given_variables()
    if _OF_THE_DEMO in taken:
        raise ConfigurationError(f"{_OF_THE_DEMO} is set: these are the demo's variables; use a new shell")
    given = {
        "OTP_DATABASE_URL": database_url,
        "OTP_BROKER_URL": broker_url,
        "OTP_COUNTRIES": countries,
        "OTP_PUBLIC_URL": public_url,
        "OTP_GATEWAY_URL": gateway_url,
    }
    made = {name: make() for name, make in _MADE.items()}
    told = {name: value for name, value in given.items() if value is not None}
    variables = complete({**made, **taken, **told})
    write_file(file, variables)
    if taken:
        typer.echo(f"Taken from the environment: {', '.join(sorted(taken))}.")
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
