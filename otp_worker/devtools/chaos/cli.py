"""``otp-worker chaos``: break the service on purpose, and account for every request."""

import secrets
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from otp_worker.devtools.chaos.families import Family, read_families
from otp_worker.devtools.chaos.plan import MIN_KILLS
from otp_worker.devtools.chaos.report import Report, write_json
from otp_worker.devtools.chaos.run import run
from otp_worker.devtools.chaos.scenario import BrokerKind, DatabaseKind, Scenario, Topology
from otp_worker.devtools.processes.interrupts import INTERRUPTED

LARGEST_SEED = 2**32
Servers = Annotated[
    Topology, typer.Option(help="On which servers broker and database are; it decides on their kinds too.")
]


def chaos(
    seed: Annotated[int | None, typer.Option(help="Repeats a run's faults; drawn if none is given.")] = None,
    minutes: Annotated[float, typer.Option(min=0.5, help="How long load and faults last.")] = 3.0,
    requests: Annotated[int, typer.Option(min=1, max=500_000, help="How many codes are asked for.")] = 2000,
    kills: Annotated[int, typer.Option(min=MIN_KILLS, help="How many processes are killed.")] = MIN_KILLS,
    database: Annotated[DatabaseKind, typer.Option()] = DatabaseKind.SQLITE,
    broker: Annotated[BrokerKind, typer.Option()] = BrokerKind.REDIS,
    topology: Servers = Topology.ONE,
    deadline: Annotated[int, typer.Option(min=10, max=300, help="Seconds in which a code must leave.")] = 120,
    dedupe: Annotated[bool, typer.Option("--dedupe", help="The gateway takes a reference once.")] = False,
    faults: Annotated[
        str, typer.Option(help=f"Which to draw from, with commas: {', '.join(Family)}, or all.")
    ] = "all",
    keep: Annotated[Path | None, typer.Option(help="Where history, journal and logs stay.")] = None,
    json: Annotated[Path | None, typer.Option(help="Write the account to this file.")] = None,
) -> None:
    """Run the whole service under load and faults, and account for every request; exits 1 on a breach."""
    chosen = secrets.randbelow(LARGEST_SEED) if seed is None else seed
    try:
        families = read_families(faults)
    except ValueError as unknown:
        raise typer.BadParameter(str(unknown), param_hint="--faults") from None
    kinds = (database, broker, dedupe, deadline)
    scenario = Scenario(chosen, minutes * 60, requests, kills, *kinds, families=families, topology=topology)
    folder = keep or Path(tempfile.mkdtemp(prefix="otp-chaos-"))
    folder.mkdir(parents=True, exist_ok=True)
    console = Console(highlight=False)
    report = Report(console)
    report.head(scenario)
    try:
        result = run(scenario, folder, report.fault)
    except KeyboardInterrupt:
        console.print(f"stopped; history: {folder / 'history.jsonl'}", soft_wrap=True)
        raise typer.Exit(INTERRUPTED) from None
    report.account(result)
    if json is not None:
        write_json(scenario, result, json)
    console.print(f"history: {folder / 'history.jsonl'}", soft_wrap=True)
    raise typer.Exit(1 if result.findings else 0)
