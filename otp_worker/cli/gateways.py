"""``otp-worker gateways``: every SIM, what it sent, what is left of it, and why messages wait."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import typer

from otp_worker.cli.doctor import send_test
from otp_worker.cli.output import JSON_OPTION, print_json, print_rows, say
from otp_worker.domain.errors import NotFoundError
from otp_worker.domain.gateway import OutcomeKind
from otp_worker.domain.phone_number import parse_number
from otp_worker.domain.ports import utc_now
from otp_worker.domain.sim import Sim, Sims
from otp_worker.protection.circuit_breaker import Breaker, open_breakers
from otp_worker.service.database import open_database
from otp_worker.service.roles import load_settings
from otp_worker.store.circuit_breakers import GatewayState, read_state
from otp_worker.store.phones import Phone, phones
from otp_worker.store.schema_state import check_current
from otp_worker.store.sim_budgets import Usage, usage, waiting_by_reason

app = typer.Typer(help="Show the gateways and their SIMs, and try one.", invoke_without_command=True)

_COLUMNS = [
    "sim",
    "gateway",
    "number",
    "serves",
    "state",
    "today",
    "numbers this month",
    "pace",
    "battery",
    "last seen",
    "last sent",
]


@app.callback()
def list_(context: typer.Context, json: bool = JSON_OPTION) -> None:
    """List every SIM with its state and what is left of it, and why messages wait."""
    if context.invoked_subcommand is not None:
        return
    settings = load_settings("worker")
    db = open_database(settings)
    check_current(db)
    now = utc_now()
    sims = settings.sims
    states = {name: read_state(db, name) for name in sims.gateways}
    seen = {phone.gateway: phone for phone in phones(db, list(sims.gateways))}
    rows = [
        _row(each, states[each.sim.gateway], seen[each.sim.gateway], now) for each in usage(db, sims.all, now)
    ]
    waiting = waiting_by_reason(db)
    if json:
        described = [{**row, "capabilities": sims.gateways[str(row["gateway"])].capabilities} for row in rows]
        print_json({"sims": described, "waiting": waiting})
        return
    print_rows("SIMs", _COLUMNS, [_in_words(row) for row in rows])
    if waiting:
        print_rows("waiting", ["messages", "why"], [[number, reason] for reason, number in waiting.items()])


@app.command("test")
def try_out(
    name: str = typer.Argument(..., help="A SIM's or a gateway's name, as the list shows it."),
    send: str | None = typer.Option(None, "--send", metavar="NUMBER", help="Send a test SMS there."),
    json: bool = JSON_OPTION,
) -> None:
    """Ask a gateway whether it answers and takes our key; with --send, send a test SMS over the SIM."""
    settings = load_settings("worker")
    sim = _named(settings.sims, name)
    if send is None:
        outcome = settings.sims.gateway_of(sim).probe()
    else:
        outcome = send_test(settings.sims, sim, parse_number(send, settings.policy.countries).e164)
    fields = {"sim": sim.name, "outcome": outcome.kind, "reason": outcome.reason}
    say(f"{sim.name}: {outcome.reason}", fields, json)
    raise typer.Exit(0 if outcome.kind is OutcomeKind.ACCEPTED else 1)


@app.command("retry")
def retry(
    name: str = typer.Argument(..., help="A SIM's or a gateway's name, as the list shows it."),
    json: bool = JSON_OPTION,
) -> None:
    """Have a gateway that is away, or that asked to wait, tried again at once with the next message."""
    settings = load_settings("worker")
    sim = _named(settings.sims, name)
    breaker = Breaker(open_database(settings), settings.policy.lease_seconds)
    breaker.show_life(sim.gateway, utc_now())
    say(f"{sim.gateway}: the next message that waits for it is tried at once", {"gateway": sim.gateway}, json)


def _named(sims: Sims, name: str) -> Sim:
    found = next((sim for sim in sims.all if name in (sim.name, sim.gateway)), None)
    if found is None:
        raise NotFoundError(f"there is no SIM or gateway {name}; there are {_listed(sims.all)}")
    return found


def _listed(sims: Sequence[Sim]) -> str:
    return ", ".join(sim.name for sim in sims)


def _row(each: Usage, state: GatewayState, phone: Phone, now: datetime) -> dict[str, object]:
    sim = each.sim
    return {
        "sim": sim.name,
        "gateway": sim.gateway,
        "number": sim.number,
        "serves": sim.countries,
        "state": _state(each, state, phone, now),
        "sent_today": each.sent_today,
        "per_day": sim.per_day or None,
        "numbers_this_month": each.recipients_this_month,
        "numbers_per_month": sim.recipients_per_month or None,
        "pace_per_minute": sim.pace_per_minute or None,
        "battery_percent": phone.battery_percent,
        "last_seen_at": phone.last_seen_at,
        "last_sent_at": each.last_sent_at,
    }


def _state(each: Usage, state: GatewayState, phone: Phone, now: datetime) -> str:
    sim = each.sim
    for breaker in open_breakers(state, sim.name):
        word = "away" if breaker is state else "asked to wait"
        return f"{word} since {breaker.failing_since:%H:%M:%S}Z: {breaker.reason}"
    if not sim.works_at(now):
        return f"works {sim.hours}"
    if phone.silent:
        return "silent"
    if sim.per_day and each.sent_today >= sim.per_day:
        return "used up for today"
    return "up"


def _in_words(row: dict[str, Any]) -> list[object]:
    """What a script reads, in the columns that people read."""
    return [
        row["sim"],
        row["gateway"],
        row["number"],
        " ".join(sorted(row["serves"])) if row["serves"] else "all",
        row["state"],
        _of(row["sent_today"], row["per_day"]),
        _of(row["numbers_this_month"], row["numbers_per_month"]),
        f"{row['pace_per_minute']}/m" if row["pace_per_minute"] else None,
        row["battery_percent"],
        row["last_seen_at"],
        row["last_sent_at"],
    ]


def _of(used: int, budget: int | None) -> str:
    return f"{used} of {budget}" if budget else str(used)
