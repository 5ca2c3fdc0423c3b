"""What a demo is told on the command line. Stdlib only: it is read before anything is installed."""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

from otp_worker.devtools.setup.bootstrap import Checkout


@dataclass(frozen=True)
class Options:
    """How long a demo runs, what it keeps, and with which set-up."""

    serve: bool
    fresh: bool
    state: Path
    phones: int = 1
    postgres: bool = False
    rabbitmq: bool = False


def parse(arguments: list[str], program: str = "otp-worker demo") -> Options:
    """Read the arguments; ends the process with a usage line where they are wrong."""
    parser = argparse.ArgumentParser(
        program,
        description="Start the whole service with a simulated phone; send a code, read it there, check it.",
    )
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--once", action="store_true", help="end after the approved check")
    length.add_argument("--serve", action="store_true", help="keep serving, also where no terminal is")
    parser.add_argument("--fresh", action="store_true", help="forget what earlier demos kept")
    parser.add_argument(
        "--state", type=Path, default=_usual_folder(), help="folder to keep state in (%(default)s)"
    )
    told = parser.parse_args(arguments)
    serve = told.serve or (sys.stdout.isatty() and not told.once)
    return Options(serve, told.fresh, told.state)


def _usual_folder() -> Path:
    checkout = Checkout.ours()
    return (checkout.state if checkout.is_there else Path(".state")) / "demo"
