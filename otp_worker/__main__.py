"""`python3 -m otp_worker`: the way in from a bare checkout, stdlib only until it runs inside `.venv`."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - whoever has an older one meets this sentence, not a traceback
    sys.exit("otp-worker needs Python 3.11 or newer; this is Python {}.{}.".format(*sys.version_info))

import argparse
import os
import signal
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from otp_worker.devtools.setup.bootstrap import Checkout, SetupError, is_current, prepare

_ROOT = Path(__file__).resolve().parent.parent
_QUICK = (
    "tests/unit",
    "tests/contract",
    "tests/lint",
    "--ignore=tests/contract/gateways/test_real_kannel.py",
)
# Two processes, each with servers of its own; who is done takes over from the other.
_TWO_AT_ONCE = ("--numprocesses=2", "--dist=worksteal")
# These start whole services, which take the machine's cores themselves.
_ONE_AT_A_TIME = (
    "tests/acceptance",
    "tests/devtools/chaos/test_chaos_run.py",
    "tests/devtools/test_interrupted.py",
)


def main(arguments: list[str]) -> int:
    """Run one command and return its exit status; `demo` and `test` first prepare the checkout's `.venv`."""
    command, rest = arguments[:1], arguments[1:]
    if command == ["demo"]:
        # Read before any set-up, which would be a long wait for "unrecognized arguments".
        options = _demo_options(rest)
        _continue_inside(Checkout(_ROOT), arguments)
        from otp_worker.devtools.demo import run

        serve = options.serve or (sys.stdout.isatty() and not options.once)
        return run(serve=serve, fresh=options.fresh, state=options.state)
    if command == ["test"]:
        _continue_inside(Checkout(_ROOT), arguments)
        return _test(rest)
    return _service_command()


def _demo_options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python3 -m otp_worker demo",
        description="Start the whole service with a simulated phone; send a code, read it there, check it.",
    )
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--once", action="store_true", help="end after the approved check")
    length.add_argument("--serve", action="store_true", help="keep serving, also where no terminal is")
    parser.add_argument("--fresh", action="store_true", help="forget what earlier demos kept")
    parser.add_argument(
        "--state", type=Path, default=_ROOT / ".state" / "demo", help="folder to keep state in (%(default)s)"
    )
    return parser.parse_args(arguments)


def _test(arguments: list[str]) -> int:
    """Run the tests; the worst of the runs' exit statuses, as pytest has them."""
    import pytest

    worst = 0
    for run in runs_for(arguments):
        status = int(pytest.main(run))
        worst = max(worst, status)
        if status == pytest.ExitCode.INTERRUPTED:
            break
    return worst


def runs_for(arguments: list[str]) -> list[list[str]]:
    """What pytest is told, once for each run: all but the nightly tests, or what is asked for."""
    if arguments[:1] == ["--quick"]:
        return [[*_TWO_AT_ONCE, "-m", "not nightly", "-k", "not postgres", *_QUICK, *arguments[1:]]]
    if arguments[:1] == ["--nightly"]:
        return [["-m", "nightly", *arguments[1:]]]
    usual = ["-m", "not nightly", "--durations=25", "--durations-min=2"]
    if arguments:
        return [[*usual, *arguments]]
    others = [f"--ignore={folder}" for folder in _ONE_AT_A_TIME]
    return [[*usual, *_TWO_AT_ONCE, "tests", *others], [*usual, *_ONE_AT_A_TIME]]


def _continue_inside(checkout: Checkout, arguments: list[str]) -> None:
    """Return if this is the Python of `.venv`; else prepare that one and become it."""
    if checkout.is_running:
        if not is_current(checkout):
            print("otp-worker: .venv is not up to date; a Python outside of it renews it.", file=sys.stderr)
        return
    # A SIGTERM must take pip along, as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        prepare(checkout)
    except SetupError as error:
        sys.exit(f"otp-worker: {error}")
    except KeyboardInterrupt:
        sys.exit("otp-worker: set-up was stopped; the next start repairs what is half-made.")
    sys.stdout.flush()
    os.execv(checkout.python, [str(checkout.python), "-m", "otp_worker", *arguments])  # nosec B606 # noqa: S606 - same


def _service_command() -> int:
    try:
        distribution("otp-worker")
    except PackageNotFoundError:
        print(
            "otp-worker: run `python3 -m otp_worker demo` or `python3 -m otp_worker test`, "
            "which set everything up; after that all other commands are those of `.venv/bin/otp-worker`.",
            file=sys.stderr,
        )
        return 2
    from otp_worker.cli.app import main as service_main

    service_main()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
