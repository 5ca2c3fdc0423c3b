"""The command line: ``otp-worker``."""

import sys

import typer

from otp_worker import __version__
from otp_worker.cli import gateways, guard, keys, operate, optouts, verification
from otp_worker.devtools.bench.cli import bench
from otp_worker.devtools.chaos.cli import chaos
from otp_worker.devtools.simulator.cli import app as simulator
from otp_worker.domain.errors import OtpError

app = typer.Typer(
    help="One-time passcodes by SMS from your own SIM.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(keys.app, name="keys")
app.add_typer(guard.app, name="guard")
app.add_typer(gateways.app, name="gateways")
app.add_typer(optouts.app, name="optouts")
app.add_typer(simulator, name="simulator")
verification.add_to(app)
operate.add_to(app)
app.command()(chaos)
app.command()(bench)


@app.callback(invoke_without_command=True)
def _version(version: bool = typer.Option(False, "--version", help="Print the version and exit.")) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit


def main() -> None:
    """Run one command; an error of ours is one line on stderr and exit code 1."""
    try:
        app()
    except OtpError as error:
        sys.exit(f"otp-worker: {error}")
