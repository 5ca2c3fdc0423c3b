"""``otp-worker conversions``: how many codes were sent, arrived and were entered."""

from dataclasses import asdict
from datetime import timedelta
from typing import Any

import typer

from otp_worker.cli.output import JSON_OPTION, print_json, print_rows, shown
from otp_worker.domain.sent_codes import Dimension, SentCodes
from otp_worker.operations.conversions import DEFAULT_LIMIT, MOST, Conversions, Group, Question, Report
from otp_worker.service.database import open_database
from otp_worker.service.roles import load_settings
from otp_worker.store.clock import service_clock
from otp_worker.store.schema_state import check_current
from otp_worker.store.tallies import KEPT

_LONGEST_DAYS = max(kept.days for kept in KEPT.values())
_COLUMNS = ["sent", "delivered", "approved", "delivered %", "approved %"]
_BY = typer.Option(Dimension.COUNTRY, "--by", help="What to tell apart.")


def conversions(
    by: Dimension = _BY,
    hours: int = typer.Option(24, "--hours", min=1, max=24 * _LONGEST_DAYS, help="How far back."),
    days: int | None = typer.Option(
        None, "--days", min=1, max=_LONGEST_DAYS, help="The same in days; beyond 8, by whole days (UTC)."
    ),
    app: str | None = typer.Option(None, "--app", help="Only codes of this app."),
    country: str | None = typer.Option(None, "--country", help="Only codes to this country, such as GB."),
    template: str | None = typer.Option(None, "--template", help="Only codes by this template."),
    sim: str | None = typer.Option(None, "--sim", help="Only codes by this SIM."),
    limit: int = typer.Option(DEFAULT_LIMIT, "--limit", min=1, max=MOST, help="How many to show."),
    json: bool = JSON_OPTION,
) -> None:
    """Show how many codes were sent, arrived and were entered, by country, app, SIM, hour and more."""
    db = open_database(load_settings("cli"))
    check_current(db)
    # How far it is summed up is judged by the service's clock alone.
    now = service_clock(db)()
    back = timedelta(days=days) if days is not None else timedelta(hours=hours)
    question = Question(
        by=by,
        since=now - back,
        app=app,
        country=country.upper() if country else None,
        template=template,
        sim=sim,
        limit=limit,
    )
    report = Conversions(db).read(question, now)
    db.close()
    if json:
        print_json(_fields(report))
        return
    title = f"codes asked for since {shown(report.since)}, by {by}"
    rows = [[_value(each), *_figures(each.codes)] for each in report.groups]
    print_rows(title, [by.value, *_COLUMNS], [*rows, ["all", *_figures(report.total)]])
    if report.more:
        typer.echo("there are more: --limit shows them")
    typer.echo(f"codes asked for after {shown(report.settled_until)} may still arrive and be entered")


def _value(group: Group) -> object:
    if group.country is None:
        return group.value
    return " ".join(str(each) for each in (group.country, group.value, group.label) if each)


def _figures(codes: SentCodes) -> list[object]:
    return [
        codes.sent,
        codes.delivered,
        codes.approved,
        _percent(codes.delivered_share),
        _percent(codes.approved_share),
    ]


def _percent(share: float | None) -> str | None:
    return None if share is None else f"{share:.1%}"


def _fields(report: Report) -> dict[str, Any]:
    groups = [
        {"value": each.value, "country": each.country, "label": each.label, **_shares(each.codes)}
        for each in report.groups
    ]
    return {**asdict(report), "total": _shares(report.total), "groups": groups}


def _shares(codes: SentCodes) -> dict[str, Any]:
    return {
        **asdict(codes),
        "delivered_share": codes.delivered_share,
        "approved_share": codes.approved_share,
    }
