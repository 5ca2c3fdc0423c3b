"""``otp-worker plan``: what a load needs."""

import json as json_module
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from otp_worker.devtools.capacity.figures import MEASURED
from otp_worker.devtools.capacity.sheet import Demand, Line, runs_out_first, sheet
from otp_worker.devtools.capacity.simulation import Simulated, Simulation

Codes = Annotated[int, typer.Option("--codes-per-day", min=1, max=10**9, help="Codes that are sent a day.")]
Peak = Annotated[float, typer.Option(min=1, max=1000, help="The busiest minute by the day's mean.")]
Pace = Annotated[int, typer.Option("--sim-per-minute", min=1, max=100_000, help="SMS a minute of one SIM.")]
Sims = Annotated[int | None, typer.Option(min=1, max=100_000, help="SIMs that there are; else as needed.")]
Cores = Annotated[int | None, typer.Option(min=1, max=100_000, help="Cores that there are; else as needed.")]
Checks = Annotated[float, typer.Option(min=0, max=100, help="Checks for each code.")]
Gateway = Annotated[float, typer.Option(min=0.001, max=60, help="How long a gateway takes to answer.")]
Days = Annotated[int, typer.Option("--retention-days", min=1, max=3660, help="OTP_RETENTION_DAYS.")]
Seconds = Annotated[
    float, typer.Option("--simulate", min=0, max=86_400, help="Play so many seconds of the peak.")
]


def plan(
    codes_per_day: Codes,
    peak_factor: Peak = 5.0,
    sim_per_minute: Pace = 20,
    sims: Sims = None,
    cores: Cores = None,
    checks_per_code: Checks = 1.2,
    gateway_seconds: Gateway = 0.2,
    retention_days: Days = 30,
    simulate: Seconds = 0,
    seed: Annotated[int, typer.Option(help="Of the arrivals that are played.")] = 1,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for scripts instead of words.")] = False,
) -> None:
    """Say what a load needs: SIMs, cores, processes, database; and what of it runs out first.

    The figures are the bench's. With --simulate the busiest seconds are played by the rules of the service.
    """
    demand = Demand(
        codes_per_day,
        peak_factor,
        sim_per_minute,
        sims,
        cores,
        checks_per_code,
        gateway_seconds,
        retention_days,
    )
    lines = sheet(demand)
    played = Simulation(demand, simulate, seed).run() if simulate else None
    if json:
        told = {"demand": demand, "figures": MEASURED, "needs": _told(lines), "simulated": played}
        typer.echo(json_module.dumps(told, default=asdict, indent=2))
        return
    _print(lines)
    typer.echo(_first(lines))
    if played is not None:
        typer.echo(_sentence(played, simulate))


def _told(lines: list[Line]) -> list[dict[str, object]]:
    names = ("name", "needed", "unit", "reckoned", "given", "share")
    return [{name: getattr(line, name) for name in names} for line in lines]


def _print(lines: list[Line]) -> None:
    table = Table("what", "needed", "there is", "how it is reckoned")
    for line in lines:
        given = "" if line.given is None else f"{line.given:,g} {line.unit}"
        table.add_row(line.name, f"{line.needed:,g} {line.unit}", given, line.reckoned)
    Console(width=110).print(table)


def _first(lines: list[Line]) -> str:
    first = runs_out_first(lines)
    if first is None:
        return "nothing of what was given runs out"
    unit = f" {first.unit}" if first.unit else ""
    return f"runs out first: {first.name}, {first.needed:,g}{unit} of {first.given:,g}{unit}"


def _sentence(played: Simulated, seconds: float) -> str:
    busy = ", ".join(f"{part} {share:.0%}" for part, share in played.busy.items())
    times = ", ".join(f"{name} {value:g} s" for name, value in played.seconds_to_send.items())
    held_up = f"held up first by: {played.first}" if played.first else "nothing held them up"
    return (
        f"{seconds:g} s at the peak: {played.asked:,} asked for, {played.sent:,} sent ({times}), "
        f"{played.late:,} too late, {played.waiting:,} waiting; busy: {busy}; "
        f"{played.sims_looked_at_per_code:g} SIMs looked at for a code; {held_up}"
    )
