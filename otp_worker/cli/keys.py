"""``otp-worker keys``: the API keys of apps."""

from datetime import timedelta

import typer

from otp_worker.cli.output import JSON_OPTION, print_json, print_rows, say
from otp_worker.domain.app import APP_SCOPES, TEST_PREFIX, KeyScope
from otp_worker.domain.errors import NotFoundError
from otp_worker.domain.ports import utc_now
from otp_worker.domain.twilio_sids import service_sid
from otp_worker.protection.api_keys import ApiKeys
from otp_worker.service.database import open_database
from otp_worker.service.roles import load_settings
from otp_worker.store.schema_state import check_current

app = typer.Typer(help="Create, list, rotate and revoke the API keys of apps.", invoke_without_command=True)

_SCOPES = typer.Option(sorted(APP_SCOPES), help="What it may be used for; repeat it for several.")
_LIMIT = typer.Option(
    None, help="Sends it may ask for in place of OTP_LIMIT_KEY, such as 500/h,2000/d; '' for no limit."
)
_CHECKS_LIMIT = typer.Option(
    None, help="Checks it may ask for in place of OTP_LIMIT_CHECKS_KEY, such as 60/m; '' for no limit."
)


def _keys() -> ApiKeys:
    settings = load_settings("cli")
    db = open_database(settings)
    check_current(db)
    return ApiKeys(db, retention_days=settings.retention_days)


@app.callback()
def _alone(context: typer.Context, json: bool = JSON_OPTION) -> None:
    if context.invoked_subcommand is None:
        list_(json)


@app.command()
def create(
    name: str = typer.Option(..., help="The app it is for; keys of one name see the same verifications."),
    test: bool = typer.Option(False, "--test", help="A key for rehearsals: its codes never reach a phone."),
    scope: list[KeyScope] = _SCOPES,
    limit: str | None = _LIMIT,
    checks_limit: str | None = _CHECKS_LIMIT,
    twilio: bool = typer.Option(
        False, "--twilio", help="An AccountSid and an auth token instead, for Twilio's clients (OTP_TWILIO)."
    ),
    json: bool = JSON_OPTION,
) -> None:
    """Create a key and print it, this once, alone on stdout."""
    key = _keys().create(
        name,
        utc_now(),
        test=test,
        scopes=frozenset(scope),
        limit=limit,
        checks_limit=checks_limit,
        pair=twilio,
    )
    _show(key, name, {"name": name, "test": test}, json, test=test)


def _show(key: str, app: str, said: dict[str, object], json: bool, *, test: bool) -> None:
    """Print a new key, or a pair as the variables that Twilio's clients read, with the app's service."""
    account, is_pair, token = key.partition(":")
    if not is_pair:
        say(key, {**said, "key": key}, json)
        return
    service = service_sid(f"{TEST_PREFIX}{app}" if test else app, None)
    pair = {"account_sid": account, "auth_token": token, "verify_service_sid": service}
    lines = "\n".join(f"TWILIO_{name.upper()}={value}" for name, value in pair.items())
    say(lines, {**said, **pair}, json)


@app.command("list")
def list_(json: bool = JSON_OPTION) -> None:
    """List every key, without what would be needed to use it."""
    keys = _keys().list()
    if json:
        print_json(keys)
        return
    rows = [
        [
            key.id,
            key.name,
            "test" if key.test else "live",
            key.hint,
            " ".join(sorted(key.scopes)),
            _limit(key.limit),
            _limit(key.checks_limit),
            key.created_at,
            key.revoked_at,
        ]
        for key in keys
    ]
    columns = ["id", "name", "mode", "key", "scopes", "limit", "checks limit", "created", "revoked"]
    print_rows("API keys", columns, rows)


def _limit(rates: str | None) -> str:
    return "default" if rates is None else rates or "none"


@app.command()
def rotate(
    key_id: str = typer.Argument(..., help="The key's id, as `keys list` shows it."),
    overlap_hours: float = typer.Option(24.0, min=0, max=24 * 90, help="How long the old key stays valid."),
    json: bool = JSON_OPTION,
) -> None:
    """Create a key in place of another, and print it, this once, alone on stdout."""
    keys = _keys()
    key = keys.rotate(key_id, utc_now(), timedelta(hours=overlap_hours))
    if key is None:
        raise NotFoundError(f"there is no valid key {key_id}")
    old = next(each for each in keys.list() if each.id == key_id)
    _show(key, old.name, {"replaces": key_id}, json, test=old.test)


@app.command()
def revoke(
    key_id: str = typer.Argument(..., help="The key's id, as `keys list` shows it."), json: bool = JSON_OPTION
) -> None:
    """Make a key invalid at once."""
    if not _keys().revoke(key_id, utc_now()):
        raise NotFoundError(f"there is no valid key {key_id}")
    say(f"{key_id} is revoked", {"id": key_id, "revoked": True}, json)
