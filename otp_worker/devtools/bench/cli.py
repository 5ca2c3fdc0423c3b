"""``otp-worker bench``: measure the service beside its baselines, on this machine."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from otp_worker.devtools.bench.figures import Scenario
from otp_worker.devtools.bench.report import print_table, write_json
from otp_worker.devtools.bench.run import run
from otp_worker.devtools.bench.scenarios import SCENARIOS
from otp_worker.devtools.bench.scenarios.peer import SCENARIO as PEER
from otp_worker.devtools.chaos.scenario import DatabaseKind
from otp_worker.devtools.processes.interrupts import INTERRUPTED

_WIDTH = 160


def is_chosen(each: Scenario, named: list[str] | None, peer: str | None) -> bool:
    """Whether a scenario is measured: those that are named, or all but those that want to be named."""
    if named:
        return each.name in named
    return not each.by_name or (each is PEER and peer is not None)


def bench(
    scenario: Annotated[
        list[str] | None, typer.Option(help=f"Only this one; repeatable. One of {', '.join(SCENARIOS)}.")
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="How often each figure and its baseline are taken.")] = 5,
    quick: Annotated[bool, typer.Option("--quick", help="One tiny round: shows that it works.")] = False,
    database: Annotated[
        DatabaseKind, typer.Option(help="Where the scenarios that do not name one keep their rows.")
    ] = DatabaseKind.SQLITE,
    peer: Annotated[
        str | None,
        typer.Option(help="Another server on this machine, which takes sends as POSTs of JSON at this URL."),
    ] = None,
    json: Annotated[Path | None, typer.Option(help="Write every figure to this file.")] = None,
) -> None:
    """Measure the whole service beside its baselines, in alternation; exits 1 if a scenario failed."""
    unknown = [name for name in scenario or () if name not in SCENARIOS]
    if unknown:
        raise typer.BadParameter(
            f"there is no scenario {', '.join(unknown)}; give one of {', '.join(SCENARIOS)}"
        )
    chosen = [each for name, each in SCENARIOS.items() if is_chosen(each, scenario, peer)]
    console = Console(highlight=False)
    console = console if console.is_terminal else Console(highlight=False, width=_WIDTH)
    try:
        done = run(
            chosen,
            rounds=1 if quick else rounds,
            quick=quick,
            database=database,
            peer=peer,
            say=lambda line: console.print(line, style="dim"),
        )
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    print_table(done, console)
    if json is not None:
        write_json(done, json)
    raise typer.Exit(1 if any(outcome.failed for outcome in done.outcomes) else 0)
