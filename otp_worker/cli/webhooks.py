"""``otp-worker webhooks``: where apps are told of events, what they were told, and what they missed."""

from datetime import UTC, datetime, timedelta

import typer
from ulid import ULID

from otp_worker.cli.output import JSON_OPTION, print_json, print_rows, say
from otp_worker.domain.app import TEST_PREFIX
from otp_worker.domain.endpoint import OVERLAP_SECONDS, Endpoint
from otp_worker.domain.errors import ConfigurationError, InvalidFieldError
from otp_worker.domain.event import TEST
from otp_worker.domain.keyring import Keyring
from otp_worker.domain.ports import NO_OUTBOX
from otp_worker.gateways.client import BoundedClient
from otp_worker.operations.endpoints import Endpoints, WithSecret
from otp_worker.operations.event_poster import EventPoster
from otp_worker.service.database import open_database
from otp_worker.service.roles import load_settings
from otp_worker.service.settings import Settings
from otp_worker.store.clock import service_clock
from otp_worker.store.endpoint_events import EventState, LoggedEvent
from otp_worker.store.endpoint_runs import DueEvent
from otp_worker.store.schema_state import check_current

app = typer.Typer(
    help="Say where apps are told of events, try it, see what they were told and missed.",
    invoke_without_command=True,
)

_APP = typer.Argument(..., help="The app's name, which is that of its keys.")
_ID = typer.Argument(..., help="The endpoint's id, such as otp-worker webhooks prints.")
_URL = typer.Argument(..., help="Where events are posted.")
_EVENT = typer.Option(None, "--event", help="An event to be told of, once for each; none for all.")
_STATE = typer.Option(None, help="Only those that came so far.")
_CLEAR = typer.Option(False, "--clear-numbers", help="Tell whole numbers beside the masked ones.")
_TEST_KEYS = typer.Option(False, "--test", help="For what the app's test keys do, instead of the live ones.")


@app.callback()
def _alone(context: typer.Context, json: bool = JSON_OPTION) -> None:
    if context.invoked_subcommand is None:
        _print(_endpoints().all(None), json)


@app.command("list")
def list_(json: bool = JSON_OPTION) -> None:
    """List the endpoints of all apps, and how they fare."""
    _print(_endpoints().all(None), json)


@app.command()
def add(
    name: str = _APP,
    url: str = _URL,
    event: list[str] | None = _EVENT,
    clear_numbers: bool = _CLEAR,
    test: bool = _TEST_KEYS,
    json: bool = JSON_OPTION,
) -> None:
    """Have an app told of events; prints the secret that signs them, this once."""
    owner = f"{TEST_PREFIX}{name}" if test else name
    _show_secret(_endpoints().create(owner, url, event or None, clear_numbers=clear_numbers), json)


@app.command()
def enable(endpoint: str = _ID, json: bool = JSON_OPTION) -> None:
    """Tell an endpoint of what happens from now on, and of what waits for it."""
    _say(_endpoints().change(None, endpoint, {"disabled": False}), "is told of events", json)


@app.command()
def disable(endpoint: str = _ID, json: bool = JSON_OPTION) -> None:
    """Tell an endpoint of nothing more, until it is enabled."""
    _say(_endpoints().change(None, endpoint, {"disabled": True}), "is told of nothing more", json)


@app.command()
def remove(endpoint: str = _ID, json: bool = JSON_OPTION) -> None:
    """Remove an endpoint, with its secret and its events."""
    endpoints = _endpoints()
    found = endpoints.find(None, endpoint)
    endpoints.remove(None, endpoint)
    _say(found, "is removed", json)


@app.command()
def rotate(
    endpoint: str = _ID,
    overlap_seconds: int = typer.Option(OVERLAP_SECONDS, help="How long the secret before signs too."),
    json: bool = JSON_OPTION,
) -> None:
    """Replace the secret of an endpoint; prints the new one, this once."""
    _show_secret(_endpoints().rotate(None, endpoint, overlap_seconds), json)


@app.command("test")
def try_(endpoint: str = _ID, json: bool = JSON_OPTION) -> None:
    """Post a signed test to an endpoint now, and say what it answers; exits 1 unless that is a 2xx."""
    settings = load_settings("cli")
    endpoints = _endpoints(settings)
    found, secrets = endpoints.find(None, endpoint), endpoints.secrets_of(endpoint)
    poster = EventPoster(
        db=endpoints.db,
        keyring=endpoints.keyring,
        client=BoundedClient(public_only=not settings.endpoints_private),
        outbox=NO_OUTBOX,
        clock=endpoints.clock,
    )
    now = endpoints.clock()
    event = LoggedEvent(f"evt_{ULID.from_datetime(now)}", found.id, None, TEST, now, now, 0, None, None)
    answered = poster.post(DueEvent(event, None), found, secrets)
    told = {"endpoint": found.id, "event": event.id, "answer": answered.in_words, "taken": answered.is_taken}
    came = f"answers {answered.in_words}" if answered.status else "gives no answer"
    said = f"{found.url} {came}: it was {'' if answered.is_taken else 'not '}taken"
    say(said, told, json)
    if not answered.is_taken:
        raise typer.Exit(1)


@app.command()
def events(
    endpoint: str = _ID,
    state: EventState | None = _STATE,
    limit: int = typer.Option(50, min=1, max=1000, help="How many, at most."),
    json: bool = JSON_OPTION,
) -> None:
    """List what an endpoint was told or is to be, newest first."""
    found = _endpoints().events(None, endpoint, limit, state=state)
    if json:
        print_json([_event(each) for each in found])
        return
    columns = ["event", "type", "verification", "happened", "state", "attempts", "answer", "next"]
    print_rows("events", columns, [list(_event(each).values())[:8] for each in found])


@app.command()
def send(
    endpoint: str = _ID,
    event: str = typer.Argument(..., help="The event's id."),
    json: bool = JSON_OPTION,
) -> None:
    """Have an event posted once more, at once and under its id."""
    again = _endpoints().send_again(None, endpoint, event)
    say(f"{again.type} is posted again as {again.id}", _event(again), json)


@app.command()
def replay(
    endpoint: str = _ID,
    since: str = typer.Argument(..., help="Such as 2026-03-01T12:00:00Z, or how long ago: 2h, 3d."),
    json: bool = JSON_OPTION,
) -> None:
    """Tell an endpoint of what happened since then and was not taken."""
    endpoints = _endpoints()
    replayed = endpoints.replay(None, endpoint, _instant(since, endpoints.clock()))
    _say(replayed, "is told of what it missed, as workers come to it", json)


def _endpoints(settings: Settings | None = None) -> Endpoints:
    settings = settings or load_settings("cli")
    if not settings.root_secrets:
        raise ConfigurationError("OTP_SECRET_KEY: is not set, and keeps the secrets of endpoints")
    db = open_database(settings)
    check_current(db)
    return Endpoints(db, Keyring(settings.root_secrets), service_clock(db), settings.endpoints_private)


_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


def _instant(text: str, now: datetime) -> datetime:
    number, unit = text[:-1], _UNITS.get(text[-1:])
    if unit is not None and number.isascii() and number.isdigit() and len(number) <= 4:
        return now - int(number) * unit
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise InvalidFieldError("since", "give an instant such as 2026-03-01T12:00:00Z, or 2h, or 3d")
    return instant.astimezone(UTC)


def _print(found: list[Endpoint], json: bool) -> None:
    if json:
        print_json(found)
        return
    rows = [
        [each.app, each.id, each.url, "all" if each.events is None else ",".join(each.events), _fares(each)]
        for each in found
    ]
    print_rows("endpoints", ["app", "endpoint", "url", "events", "state"], rows)


def _fares(endpoint: Endpoint) -> str:
    if endpoint.disabled_at is not None:
        return f"disabled: {endpoint.disabled_reason}"
    if endpoint.failing_since is not None:
        return f"took nothing since {endpoint.failing_since:%Y-%m-%d %H:%M}Z"
    return "works"


def _say(endpoint: Endpoint, what: str, json: bool) -> None:
    say(f"{endpoint.url} of {endpoint.app} {what}", endpoint, json)


def _show_secret(made: WithSecret, json: bool) -> None:
    # Alone on stdout, as a key is: it may be piped to where it is kept.
    if json:
        print_json({"endpoint": made.endpoint, "secret": made.secret})
        return
    typer.echo(f"{made.endpoint.id}: keep this secret, it is not shown again", err=True)
    typer.echo(made.secret)


def _event(event: LoggedEvent) -> dict[str, object]:
    return {
        "id": event.id,
        "type": event.type,
        "verification_id": event.verification_id,
        "at": event.at,
        "state": event.state,
        "attempts": event.attempts,
        "answer": event.answer,
        "next_attempt_at": event.due_at,
        "taken_at": event.taken_at,
    }
