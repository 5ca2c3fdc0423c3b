"""What a run prints, and what it writes."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from otp_worker.devtools.bench.figures import Compare, Measurement, Outcome


@dataclass(frozen=True, slots=True)
class Run:
    """All that came of a run."""

    settings: Mapping[str, object]
    versions: Mapping[str, str]
    machine: Mapping[str, object]
    ceilings: Mapping[str, float]
    outcomes: Sequence[Outcome]


def write_json(run: Run, file: Path) -> None:
    """Write everything that was measured, round by round."""
    told = {
        "settings": run.settings,
        "versions": run.versions,
        "machine": run.machine,
        "ceilings_per_s": run.ceilings,
        "scenarios": {each.scenario.name: each.as_dict() for each in run.outcomes},
    }
    file.write_text(json.dumps(told, indent=2) + "\n")


def print_table(run: Run, console: Console) -> None:
    """Print machine, versions, ceilings, and a line for each figure; a failed scenario says why."""
    for name in ("versions", "machine", "settings"):
        values: Mapping[str, object] = getattr(run, name)
        told = ", ".join(f"{key} {value}" for key, value in values.items())
        console.print(escape(f"{name}: {told}"), style="dim", soft_wrap=True)
    for name, per_s in run.ceilings.items():
        console.print(f"ceiling of the {name}: {per_s:,.0f} requests/s", soft_wrap=True)
    table = Table(
        "figure", "unit", "median (spread)", "baseline", "its median (spread)", "against it", "goal"
    )
    for outcome in run.outcomes:
        if outcome.measured is None:
            table.add_row(outcome.scenario.name, "", f"[red]failed: {escape(outcome.failed or '')}[/]")
            continue
        for each in outcome.measured.measurements:
            table.add_row(*_line(each))
    console.print(table)
    for outcome in run.outcomes:
        if outcome.disturbed:
            told = f"{outcome.scenario.name}: measured at the second try; the first: {outcome.disturbed}"
            console.print(escape(told), style="dim", soft_wrap=True)
        for note in outcome.measured.notes if outcome.measured else ():
            console.print(escape(f"{outcome.scenario.name}: {note}"), style="dim", soft_wrap=True)


def _line(each: Measurement) -> list[str]:
    ratio = f"x {each.ratio:.2f} ({min(each.ratios):.2f} - {max(each.ratios):.2f})"
    over = f"{each.difference:+.1f} {each.unit}"
    against = over if each.compare is Compare.DIFFERENCE else ratio
    return [
        each.name,
        each.unit,
        _spread(each.subject),
        each.baseline_name,
        _spread(each.baseline),
        against,
        each.goal,
    ]


def _spread(values: Sequence[float]) -> str:
    return f"{_short(median(values))} ({_short(min(values))} - {_short(max(values))})"


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
