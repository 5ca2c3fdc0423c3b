"""``otp-worker find, show, tail``: where is the code of this person, and what happens just now."""

import json as json_lines
import time
from typing import Any

import typer

from otp_worker.cli.output import JSON_OPTION, console, plain, print_json, print_rows, shown
from otp_worker.cli.verification import INTERRUPTED, fields_of, print_verification
from otp_worker.domain.errors import NotFoundError
from otp_worker.domain.message import ID_PREFIX, status_of
from otp_worker.domain.ports import utc_now
from otp_worker.domain.timeline import Moment, describe
from otp_worker.operations.trail import NewSteps, Trail, Trails
from otp_worker.service.database import open_database
from otp_worker.service.roles import load_settings
from otp_worker.service.wiring import build_intake
from otp_worker.store.schema_state import check_current
from otp_worker.store.trail import MOST

WHAT = typer.Argument(
    ...,
    metavar="WHAT",
    help="A number in any spelling, a user, a reference, a tag such as campaign:spring, or an id: of a "
    "verification, delivery, gateway message, request.",
)
POLL_SECONDS = 0.5


def find(
    what: str = WHAT,
    limit: int = typer.Option(20, min=1, max=MOST, help="How many to show."),
    json: bool = JSON_OPTION,
) -> None:
    """List the verifications of a number, user, reference, tag or id, newest first, each with its cause."""
    trails = _open()
    found = trails.trails(trails.find(what, limit))
    if not found:
        raise _not_found(what)
    if json:
        print_json([_fields(each) for each in found])
        return
    columns = ["asked", "verification", "app", "user", "purpose", "to", "status", "cause"]
    print_rows(f"{len(found)} found, newest first", columns, [_row(each) for each in found])


def show(what: str = WHAT, json: bool = JSON_OPTION) -> None:
    """Show why the newest code of a number, a user or an id is where it is, and its trail."""
    trails = _open()
    found = trails.find(what, MOST)
    if not found:
        raise _not_found(what)
    trail = trails.trails(found[:1])[0]
    if json:
        print_json({**_fields(trail), "timeline": [_moment(each) for each in trail.moments]})
        return
    typer.echo(shown(trail.cause.for_operators).plain)
    print_verification(trail.verification)
    rows = [[f"+{each.milliseconds}", each.hop, each.for_operators] for each in trail.moments]
    print_rows(f"trail since {shown(trail.verification.created_at)}", ["ms", "hop", "what"], rows)
    if len(found) > 1:
        typer.echo(f"{len(found) - 1} older: otp-worker find shows them")


def tail(json: bool = JSON_OPTION) -> None:
    """Follow what happens, as it happens, until Ctrl-C; with --json one object a line."""
    db = open_database(load_settings("cli"))
    check_current(db)
    new_steps = NewSteps(db)
    try:
        while True:
            for step in new_steps.read():
                line = describe(step)
                told = {**_moment(line), "verification_id": step.verification_id}
                whose = step.verification_id or "-"
                people = f"{line.at:%H:%M:%S.%f}"[:-3] + f"Z  {whose}  {line.hop}  {line.for_operators}"
                typer.echo(json_lines.dumps(told, default=plain) if json else shown(people).plain)
            time.sleep(POLL_SECONDS)
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None


def _open() -> Trails:
    with console.status("looking"):
        intake = build_intake(load_settings("web"))
        check_current(intake.db)
    return intake.trails


def _not_found(what: str) -> NotFoundError:
    if what.startswith("ver_"):
        return NotFoundError(f"there is no verification {what}")
    if what.startswith(ID_PREFIX):
        return NotFoundError(f"there is no message {what}")
    return NotFoundError("nothing is found by this: no number, user, message or request that is kept")


def _fields(trail: Trail) -> dict[str, Any]:
    found = trail.verification
    return {
        **fields_of(found, utc_now()),
        "cause": trail.cause.for_operators,
        "delivery": found.newest_delivery,
    }


def _row(trail: Trail) -> list[Any]:
    found = trail.verification
    status = status_of(found, utc_now())
    whose = [found.app, found.user, found.purpose, found.to]
    return [found.created_at, found.id, *whose, status, trail.cause.for_operators]


def _moment(line: Moment) -> dict[str, Any]:
    return {
        "at": line.at,
        "milliseconds": line.milliseconds,
        "kind": line.kind,
        "hop": line.hop,
        "what": line.for_operators,
    }
