"""``otp-worker web`` and ``otp-worker console``: the servers of the intake and of the operators' pages."""

import os

import typer

from otp_worker.service.http_server import CONSOLE, WEB, HttpServer
from otp_worker.service.listening import Listening

# What is not ours is the server's, Granian's; an option of ours that it repeats is overruled.
_PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True}

web = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
console = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@web.command(context_settings=_PASS_ON)
def _web(
    context: typer.Context,
    host: str = typer.Option("127.0.0.1", envvar="HOST", help="Where to listen."),
    port: int = typer.Option(8000, envvar="PORT", help="On which port."),
) -> None:
    """Serve the API. Further options are Granian's."""
    _become(WEB, Listening(host, port, "PORT or --port"), context.args)


@console.command(context_settings=_PASS_ON)
def _console(
    context: typer.Context,
    host: str = typer.Option("127.0.0.1", envvar="CONSOLE_HOST", help="Where to listen."),
    port: int = typer.Option(5556, envvar="CONSOLE_PORT", help="On which port."),
) -> None:
    """Serve the console, the operators' pages. Further options are Granian's."""
    _become(CONSOLE, Listening(host, port, "CONSOLE_PORT or --port"), context.args)


def _become(server: HttpServer, place: Listening, more: list[str]) -> None:
    server.check()
    if not any(word.startswith("--uds") for word in more):
        place.hold()
    command = [*server.command(place.host, place.port), *more]
    os.execv(command[0], command)  # nosec B606 # noqa: S606 - our own words, no shell
