"""What a demo prints: a line per hop, with a spinner while it waits on a terminal."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests
from rich.console import Console
from rich.markup import escape

from otp_worker.devtools.demo.errors import DemoFailedError
from otp_worker.devtools.processes.errors import ProcessError
from otp_worker.devtools.processes.logfile import tail
from otp_worker.domain.errors import OtpError

_SAID_EVERY_SECONDS = 15
_LONGEST_LINE = 100


@dataclass
class Hop:
    """One thing that must go well; ``detail`` is shown beside its name once it has."""

    name: str
    log: Path
    waits_for: str
    detail: str = ""
    said: int = 0
    """How many times it was said that this takes long."""


class Display:
    """Prints to standard output; off a terminal without colour and motion."""

    def __init__(self) -> None:
        self._console = Console(highlight=False, soft_wrap=True)
        self._hop: Hop | None = None

    def say(self, line: str = "", style: str = "") -> None:
        """Print one line of plain text."""
        self._console.print(line, style=style, markup=False)

    @contextmanager
    def hop(self, name: str, log: Path, waits_for: str = "") -> Iterator[Hop]:
        """Time what happens inside and print it; ``waits_for`` is what is awaited there.

        Raises DemoFailedError for what went wrong there, with this name and ``log``, or with those of the
        process that ended meanwhile.
        """
        hop = self._hop = Hop(name, log, waits_for)
        started = time.monotonic()
        try:
            # An ASCII spinner: the terminal's encoding may be anything.
            with self._console.status(f"{name} ...", spinner="line"):
                yield hop
        except ProcessError as error:
            raise DemoFailedError(error.name, error.what, error.log) from error
        except (OtpError, requests.RequestException, OSError) as error:
            raise DemoFailedError(name, str(error), log) from error
        milliseconds = (time.monotonic() - started) * 1000
        self._console.print(
            f"  [green]ok[/] [bold]{name:<12}[/] {escape(hop.detail):<64} {milliseconds:>6.0f} ms"
        )

    def still_waiting(self, seconds: float) -> None:
        """Say now and then for what the present hop has waited so long, and the last words of its log."""
        hop = self._hop
        if hop is None or seconds < _SAID_EVERY_SECONDS * (hop.said + 1):
            return
        hop.said += 1
        last = tail(hop.log, lines=1)[:_LONGEST_LINE] or "(nothing)"
        self._console.print(
            f"  [yellow]..[/] [bold]{hop.name:<12}[/] {seconds:.0f} s: waits for {escape(hop.waits_for)};"
            f" the end of its log: {escape(last)}"
        )

    def failed(self, failure: DemoFailedError) -> None:
        """Print which hop failed, why, and the end of its log."""
        self._console.print(f"  [red]failed[/] [bold]{failure.hop}[/]: {escape(failure.reason)}")
        if failure.log.exists():
            self.say(f"  The end of {failure.log}:")
            self.say(tail(failure.log) or "(nothing)", style="dim")
