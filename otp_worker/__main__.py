"""`otp-worker` and `python3 -m otp_worker`: the way in, stdlib only until what a command needs is there."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - whoever has an older one meets this sentence, not a traceback
    sys.exit("otp-worker needs Python 3.11 or newer; this is Python {}.{}.".format(*sys.version_info))

import os
import signal
import textwrap
from typing import TYPE_CHECKING

from otp_worker.cli.commands import COMMANDS, extra_of

if TYPE_CHECKING:
    from otp_worker.devtools.setup.bootstrap import Checkout, Packages

_OTHERS = ", ".join(name for name in COMMANDS if name not in ("demo", "test"))
_FIRST_HELP = f"""\
usage: python3 -m otp_worker COMMAND [OPTIONS]

One-time passcodes by SMS from your own SIM.

  demo    start the whole service with a simulated phone, and send a code
  test    run the tests

Each of these two first installs into .venv what it needs. After that there are also:

{textwrap.indent(textwrap.fill(_OTHERS, 76), "  ")}

`otp-worker` and `python3 -m otp_worker` know the same commands; COMMAND --help tells about one.
"""


def main() -> None:
    """Run one command and exit with its status; in a checkout `demo` and `test` first prepare `.venv`."""
    command, rest = sys.argv[1:2], sys.argv[2:]
    if command in (["demo"], ["test"]):
        from otp_worker.devtools.setup.bootstrap import Checkout, Packages

        if command == ["demo"]:
            from otp_worker.devtools.demo.options import parse

            # Read before any set-up, which would be a long wait for "unrecognized arguments".
            parse(rest)
        checkout = Checkout.ours()
        if checkout.is_there:
            _continue_inside(checkout, Packages.DEMO if command == ["demo"] else Packages.ALL)
    try:
        _run(command, rest)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith(("otp_worker", "api")):
            raise
        _without_packages(command[0] if command else "--help", error.name)


def _run(command: list[str], rest: list[str]) -> None:
    if command == ["test"]:
        # Not as a command among the others: the tests set up the logs by themselves.
        from otp_worker.devtools.suite import run_tests

        sys.exit(run_tests(rest))
    from otp_worker.cli.app import main as run_command

    run_command()


def _continue_inside(checkout: "Checkout", packages: "Packages") -> None:
    """Return if this is the Python of `.venv`; else prepare that one and become it."""
    from otp_worker.devtools.setup.bootstrap import SetupError, is_current, prepare

    if checkout.is_running:
        if not is_current(checkout, packages):
            print("otp-worker: .venv is not up to date; a Python outside of it renews it.", file=sys.stderr)
        return
    # A SIGTERM must take pip along, as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        prepare(checkout, packages)
    except SetupError as error:
        sys.exit(f"otp-worker: {error}")
    except KeyboardInterrupt:
        sys.exit("otp-worker: set-up was stopped; the next start repairs what is half-made.")
    _become(checkout)


def _become(checkout: "Checkout") -> None:
    sys.stdout.flush()
    command = [str(checkout.python), "-m", "otp_worker", *sys.argv[1:]]
    os.execv(command[0], command)  # nosec B606 # noqa: S606 - our own words and what we were told, no shell


def _without_packages(command: str, missing: str) -> None:
    """Go on where they are, else say how to get them."""
    from otp_worker.devtools.setup.bootstrap import Checkout

    checkout = Checkout.ours()
    if not checkout.is_there:
        sys.exit(f"otp-worker: {missing} is not installed: install otp-worker[{extra_of(command)}]")
    if checkout.python.exists() and not checkout.is_running:
        _become(checkout)
    if command in ("--help", "-h"):
        print(_FIRST_HELP, end="")
        return
    sys.exit(
        f"otp-worker: {missing} is not installed: run `python3 -m otp_worker demo` or `python3 -m otp_worker "
        "test`, which install what they need; after that all other commands are there too."
    )


if __name__ == "__main__":
    main()
