"""What a run prints and writes: its versions, its faults as they happen, and the account."""

import json
import platform
import statistics
from dataclasses import asdict, fields
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from otp_worker import __version__
from otp_worker.devtools.chaos.accounting import Account
from otp_worker.devtools.chaos.breaches import MUST_BE_NONE, Breach
from otp_worker.devtools.chaos.doors import Door
from otp_worker.devtools.chaos.plan import Fault
from otp_worker.devtools.chaos.records import Span
from otp_worker.devtools.chaos.run import Result
from otp_worker.devtools.chaos.scenario import Scenario

SHOWN = 10
DURATIONS = ("recoveries", "returns", "delays", "flooded", "latencies")


class Report:
    """Prints to standard output."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def head(self, scenario: Scenario) -> None:
        """What is about to run."""
        packages = " ".join(f"{name} {version(name)}" for name in ("celery", "kombu", "redis", "granian"))
        self._console.print(
            f"otp-worker {__version__}, Python {platform.python_version()}, {packages}", soft_wrap=True
        )
        self._console.print(
            f"[bold]seed {scenario.seed}[/]: {scenario.requests} requests in {scenario.seconds:.0f} s, "
            f"{len(scenario.plan)} faults of which {sum(fault.is_kill for fault in scenario.plan)} kill, "
            f"{', '.join(scenario.parts)}"
            + (", deduping gateway" if scenario.dedupe else "")
            + f", faults: {', '.join(scenario.families) or 'none'}",
            soft_wrap=True,
        )
        for family, reason in scenario.skipped.items():
            self._console.print(f"  skipped: {family}: {reason}", style="yellow", soft_wrap=True)

    def fault(self, fault: Fault) -> None:
        """A fault that begins."""
        self._console.print(f"  {fault.at_seconds:7.1f} s  {escape(str(fault))}", style="dim")

    def account(self, result: Result) -> None:
        """The account as a table, then the evidence of each breach."""
        self._console.print(_table(result))
        for finding in result.findings[:SHOWN]:
            text = f"{finding.breach}: {finding.subject}: {finding.evidence}"
            self._console.print(escape(text), style="red", soft_wrap=True)
        if len(result.findings) > SHOWN:
            self._console.print(f"... and {len(result.findings) - SHOWN} more", style="red")
        for death in result.died[:SHOWN]:
            text = f"The end of {death.name}'s log:\n{escape(death.log_tail)}"
            self._console.print(text, style="dim", soft_wrap=True)


def write_json(scenario: Scenario, result: Result, file: Path) -> None:
    """Write what is printed, with every fault and every breach."""
    counts = {each.name: getattr(result.account, each.name) for each in fields(Account)}
    del counts["findings"]
    written, received = result.replies
    told = {
        "version": __version__,
        "python": platform.python_version(),
        "servers": result.servers,
        "settings": {name: getattr(scenario, name) for name in _SETTINGS},
        "skipped": scenario.skipped,
        "faults": [_fault(span) for span in result.spans],
        "kills": result.kills,
        "account": {**counts, "replies": written, "replies_told": received},
        "breaches": {breach: sum(each.breach is breach for each in result.findings) for breach in Breach},
        "findings": [asdict(finding) for finding in result.findings],
        "died": [asdict(death) for death in result.died],
        "seconds": {
            **{name: _figures(getattr(result, name)) for name in DURATIONS},
            "settled": result.settled_seconds,
        },
    }
    file.write_text(json.dumps(told, indent=2) + "\n")


_SETTINGS = (
    "seed",
    "seconds",
    "requests",
    "database",
    "broker",
    "topology",
    "dedupe",
    "deadline_seconds",
    "families",
)


def _fault(span: Span) -> dict[str, object]:
    return {
        "kind": span.fault.kind,
        "target": span.fault.target,
        "by_seconds": span.fault.by_seconds,
        "begun_at": span.begun_at.isoformat(),
        "healed_at": span.healed_at.isoformat(),
    }


def _table(result: Result) -> Table:
    account = result.account
    table = Table("account", "", title_justify="left")
    table.add_row("broker and database", result.servers)
    table.add_row("asked (tries)", str(account.asked))
    table.add_row("accepted (202)", str(account.accepted))
    table.add_row("  by their kinds", ", ".join(f"{account.doors[door]} {door}" for door in Door))
    for end in ("sent", "failed", "expired", "canceled"):
        table.add_row(f"  {end}", str(account.ends[end]))
    table.add_row("unknown to the client", str(account.unknown))
    failed = ", ".join(f"{count} times {status}" for status, count in sorted(account.failed.items()))
    table.add_row("  of which answered 5xx", failed or "0")
    table.add_row("messages on the phone", str(account.messages))
    table.add_row("perhaps sent, and was not", str(account.unsure))
    for breach in MUST_BE_NONE:
        count = sum(finding.breach is breach for finding in result.findings)
        table.add_row(breach.value, f"[red]{count}[/]" if count else "[green]0[/]")
    bound = f"bound {account.duplicates_bound}; attempts that explain one: {account.explained}"
    table.add_row("duplicated", f"{account.duplicated} ({bound})")
    table.add_row("kills", str(result.kills))
    table.add_row("recovery after the broker", _spread(result.recoveries))
    table.add_row("after a long outage", _spread(result.returns))
    table.add_row("time to a 202", _spread(result.latencies))
    if result.flooded:
        table.add_row("the same under a flood", _spread(result.flooded))
    table.add_row("from 202 to phone in calm", _spread(result.delays))
    if result.replies[0]:
        table.add_row("replies, and told of", f"{result.replies[0]}, {result.replies[1]}")
    table.add_row("settled after the load", f"{result.settled_seconds:.1f} s")
    return table


def _spread(seconds: list[float]) -> str:
    found = _figures(seconds)
    if found is None:
        return "not measured"
    return (
        f"median {found['median']:.2f} s, p99 {found['p99']:.2f} s, "
        f"max {found['max']:.2f} s ({found['times']} times)"
    )


def _figures(seconds: list[float]) -> dict[str, float] | None:
    """How durations spread; None where none was measured."""
    if not seconds:
        return None
    ordered = sorted(seconds)
    return {
        "times": len(ordered),
        "median": statistics.median(ordered),
        "p99": ordered[int(len(ordered) * 0.99)],
        "max": ordered[-1],
    }
