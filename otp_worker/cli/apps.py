"""``otp-worker apps``: what is set for one app alone."""

from dataclasses import asdict

import typer

from otp_worker.cli.output import JSON_OPTION, print_json, print_record, print_rows, say
from otp_worker.domain.app_settings import SETTINGS, of_texts
from otp_worker.domain.errors import InvalidFieldError
from otp_worker.domain.ports import utc_now
from otp_worker.operations.app_texts import OperatorsTexts
from otp_worker.operations.apps import Apps
from otp_worker.service.database import open_database
from otp_worker.service.roles import load_settings
from otp_worker.store.apps import StoredApp
from otp_worker.store.schema_state import check_current

_EPILOG = "Settings: " + "; ".join(
    f"{name}={setting.example} ({setting.meaning[:1].lower()}{setting.meaning[1:].rstrip('.')})"
    for name, setting in SETTINGS.items()
)
app = typer.Typer(
    help="Show and set what holds for one app alone; what is not set is the operator's.",
    invoke_without_command=True,
)

_NAME = typer.Argument(..., help="The app's name, which is that of its keys.")
_SET = typer.Argument(None, metavar="[SETTING=VALUE]...", help="Such as code_length=8 channels=sms,inbound.")
_UNSET = typer.Argument(..., metavar="SETTING...", help=f"One of {', '.join(SETTINGS)}.")
_AS_FOR_ALL = "as for all"


@app.callback()
def _alone(context: typer.Context, json: bool = JSON_OPTION) -> None:
    if context.invoked_subcommand is None:
        list_(json)


@app.command("list")
def list_(json: bool = JSON_OPTION) -> None:
    """List every app, with what is set for it."""
    found = _apps().all()
    if json:
        print_json([_fields(each) for each in found])
        return
    rows = [[each.name, each.keys, _summary(each), each.updated_at] for each in found]
    print_rows("apps", ["app", "keys", "set for it", "changed"], rows)


@app.command()
def show(name: str = _NAME, json: bool = JSON_OPTION) -> None:
    """Show every setting of an app."""
    _show(_apps().find(name), json)


@app.command(epilog=_EPILOG)
def create(name: str = _NAME, settings: list[str] | None = _SET, json: bool = JSON_OPTION) -> None:
    """Make an app before it has a key, with what is set for it."""
    made = _apps().create(name, of_texts(_pairs(settings or [])))
    say(
        f"{made.name} is an app now; otp-worker keys create --name {made.name} makes a key",
        _fields(made),
        json,
    )


@app.command("set", epilog=_EPILOG)
def set_(name: str = _NAME, settings: list[str] | None = _SET, json: bool = JSON_OPTION) -> None:
    """Set something for an app; all of it, or nothing where one cannot be."""
    pairs = _pairs(settings or [])
    if not pairs:
        raise InvalidFieldError("SETTING=VALUE", f"name a setting: {', '.join(SETTINGS)}")
    _show(_apps().change(name, of_texts(pairs)), json)


@app.command()
def unset(name: str = _NAME, settings: list[str] = _UNSET, json: bool = JSON_OPTION) -> None:
    """Let the operator's hold again for an app."""
    _show(_apps().change(name, dict.fromkeys(settings)), json)


def _apps() -> Apps:
    settings = load_settings("cli")
    db = open_database(settings)
    check_current(db)
    return Apps(db, utc_now, settings.retention_days, OperatorsTexts(settings.languages, settings.templates))


def _pairs(arguments: list[str]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if not equals:
            raise InvalidFieldError(name, f"write {name}=VALUE, or otp-worker apps unset to let go of it")
        if not value.strip():
            raise InvalidFieldError(name, "is empty; otp-worker apps unset lets the operator's hold again")
        if name in pairs:
            raise InvalidFieldError(name, "is given twice")
        pairs[name] = value
    return pairs


def _fields(each: StoredApp) -> dict[str, object]:
    settings = asdict(each.settings)
    return {
        "name": each.name,
        "keys": each.keys,
        **settings,
        "created_at": each.created_at,
        "updated_at": each.updated_at,
    }


def _show(each: StoredApp, json: bool) -> None:
    if json:
        print_json(_fields(each))
        return
    shown = {
        name: _AS_FOR_ALL if (value := getattr(each.settings, name)) is None else setting.text_of(value)
        for name, setting in SETTINGS.items()
    }
    print_record(each.name, {"keys": each.keys, **shown, "changed": each.updated_at})


def _summary(each: StoredApp) -> str:
    given = ((name, getattr(each.settings, name)) for name in SETTINGS)
    return " ".join(f"{name}={SETTINGS[name].text_of(value)}" for name, value in given if value is not None)
