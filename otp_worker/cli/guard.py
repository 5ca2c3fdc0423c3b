"""``otp-worker guard``: what is paused for what looks like SMS pumping, and what the operator says to it."""

from datetime import UTC, datetime, timedelta

import typer

from otp_worker.cli.operate import open_operator
from otp_worker.cli.output import JSON_OPTION, print_json, print_rows, say
from otp_worker.domain.ports import utc_now
from otp_worker.store.pauses import Pause

app = typer.Typer(help="Show, lift and forbid pauses for SMS pumping.", invoke_without_command=True)

FOR_GOOD = datetime(9999, 1, 1, tzinfo=UTC)

_TARGET = typer.Argument(..., help="A country code, a number of the block, or a name that the list shows.")


@app.callback()
def list_(context: typer.Context, json: bool = JSON_OPTION) -> None:
    """List the blocks and countries that are or were paused, or are exempt."""
    if context.invoked_subcommand is not None:
        return
    now = utc_now()
    rows = [{**_shown(each, now), "reason": each.reason} for each in open_operator().pauses(now)]
    if json:
        print_json(rows)
    else:
        columns = ["name", "what", "app", "state", "paused", "until", "why"]
        print_rows("pumping guard", columns, [list(row.values()) for row in rows])


@app.command()
def lift(
    target: str = _TARGET,
    hours: float = typer.Option(24.0, min=0, max=24 * 365, help="How long it is not paused again."),
    json: bool = JSON_OPTION,
) -> None:
    """End a pause, and allow none for a while."""
    now = utc_now()
    _exempt(target, now + timedelta(hours=hours), f"is not paused for {hours:g} hours", json)


@app.command()
def exempt(target: str = _TARGET, json: bool = JSON_OPTION) -> None:
    """Never pause a block or a country."""
    _exempt(target, FOR_GOOD, "is never paused", json)


@app.command()
def watch(target: str = _TARGET, json: bool = JSON_OPTION) -> None:
    """Let the guard pause again what it may not pause now."""
    _exempt(target, utc_now(), "is watched again", json)


def _exempt(target: str, until: datetime, effect: str, json: bool) -> None:
    exempted = open_operator().exempt(target, until)
    say(f"{exempted.name} ({exempted.label}) {effect}", _shown(exempted, utc_now()), json)


def _shown(each: Pause, now: datetime) -> dict[str, object]:
    exempt = each.is_exempt(now)
    until = each.exempt_until if exempt else each.paused_until
    return {
        "name": each.name,
        "label": each.label,
        "app": each.app,
        "state": each.state(now),
        "paused_at": each.paused_at,
        "until": None if until == FOR_GOOD else until,
    }
