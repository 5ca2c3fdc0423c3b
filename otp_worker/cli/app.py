"""The command line: ``otp-worker``. A command's module is imported when it is run."""

import json
import logging
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from otp_worker import __version__
from otp_worker.cli.commands import COMMANDS
from otp_worker.cli.summaries import SUMMARIES
from otp_worker.domain.errors import (
    BrokerUnavailableError,
    ConfigurationError,
    OtpError,
    RequestError,
    SchemaNotCurrentError,
)


class LazyGroup(TyperGroup):
    """The commands by name, each imported when it is asked for: all of them cost two seconds of CPU."""

    _are_listed = False

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help; the list of the commands imports none of them."""
        self._are_listed = True
        super().format_help(ctx, formatter)

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        """What may follow on the line; the names of commands import none of them."""
        self._are_listed = True
        return super().shell_complete(ctx, incomplete)

    def list_commands(self, ctx: Any) -> list[str]:
        """Every command, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """One command, imported; None if there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        if self._are_listed and cmd_name in SUMMARIES:
            return TyperCommand(cmd_name, help=SUMMARIES[cmd_name])
        module, name = COMMANDS[cmd_name]
        command = _click_command(getattr(import_module(module), name))
        command.name = cmd_name
        return command


def _click_command(found: typer.Typer | Callable[..., Any]) -> Any:
    if isinstance(found, typer.Typer):
        return typer.main.get_command(found)
    alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    alone.command()(found)
    return typer.main.get_command(alone)


app = typer.Typer(
    cls=LazyGroup,
    help="One-time passcodes by SMS from your own SIM.",
    epilog="`otp-worker` and `python3 -m otp_worker` know the same commands.",
    pretty_exceptions_enable=False,
)


Environment = Annotated[
    Path | None,
    typer.Option("--env", metavar="FILE", help="Take variables from this file first, such as init's."),
]


@app.callback(invoke_without_command=True)
def _before(
    context: typer.Context,
    version: bool = typer.Option(False, "--version", help="Print the version and exit."),
    env: Environment = None,
) -> None:
    if env is not None:
        from otp_worker.service.environment_file import take_over

        take_over(env)
    if version:
        typer.echo(__version__)
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main() -> None:
    """Run one command; an error of ours is one line on stderr and exit code 1, with --json a JSON object."""
    from otp_worker.service.logs import configure_logs

    # What a command prints is its answer alone; `start` sets up the logs of its own.
    configure_logs("console", logging.WARNING)
    try:
        app()
    except OtpError as error:
        sys.exit(_json(error) if "--json" in sys.argv else f"otp-worker: {error}")


def _json(error: OtpError) -> str:
    if not isinstance(error, RequestError):
        return json.dumps({"error": _NAMES.get(type(error), "failed"), "detail": str(error)})
    until = {"retry_at": error.retry_at.isoformat()} if error.retry_at else {}
    return json.dumps({"error": error.problem, "detail": str(error), **error.members, **until})


_NAMES = {
    ConfigurationError: "configuration",
    SchemaNotCurrentError: "schema_not_current",
    BrokerUnavailableError: "broker_away",
}
"""What scripts know the errors by that are no answer to a request; they never change."""
