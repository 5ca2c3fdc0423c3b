"""What a demo is told on the command line. Stdlib only: it is read before anything is installed."""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

from otp_worker.devtools.setup.bootstrap import Checkout

MOST_PHONES = 9


@dataclass(frozen=True)
class Options:
    """How long a demo runs, what it keeps, and with which set-up."""

    serve: bool
    fresh: bool
    state: Path
    phones: int
    postgres: bool
    rabbitmq: bool


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
    parser.add_argument(
        "--phones", type=int, choices=range(1, MOST_PHONES + 1), default=1, help="how many phones send"
    )
    parser.add_argument("--postgres", action="store_true", help="over Postgres, which lives for this run")
    parser.add_argument("--rabbitmq", action="store_true", help="over RabbitMQ")
    told = parser.parse_args(arguments)
    return Options(
        serve=told.serve or (sys.stdout.isatty() and not told.once),
        fresh=told.fresh,
        state=told.state,
        phones=told.phones,
        postgres=told.postgres,
        rabbitmq=told.rabbitmq,
    )


def _usual_folder() -> Path:
    checkout = Checkout.ours()
    return (checkout.state if checkout.is_there else Path(".state")) / "demo"
