"""``otp-worker templates``: what the SMS of one app say."""

import typer

from otp_worker.cli.output import JSON_OPTION, print_json, print_record, print_rows, say
from otp_worker.domain.errors import InvalidFieldError
from otp_worker.domain.ports import utc_now
from otp_worker.domain.texts.template import Spelling, Template
from otp_worker.operations.app_texts import OperatorsTexts
from otp_worker.operations.templates import AppTemplates, ShownTemplate
from otp_worker.service.database import open_database
from otp_worker.service.roles import load_settings
from otp_worker.store.schema_state import check_current

app = typer.Typer(
    help="Show and define the templates of one app; they go before the operator's of the same name.",
    invoke_without_command=True,
)

_APP = typer.Argument(..., help="The app's name, which is that of its keys.")
_NAME = typer.Argument(..., help="The template's name; default is what a send without one is written with.")
_TEXTS = typer.Argument(..., metavar="LOCALE=TEXT...", help="Such as 'de={name}: Ihr Code ist {code}.'")
_FIELD = typer.Option(None, metavar="NAME=LENGTH", help="A field of its own, such as order=12.")
_ALPHABET = typer.Option(
    Spelling.GSM7, help="gsm7: letters are made plain; auto: they stay, and an SMS may hold only 70."
)
_COLUMNS = ["language", "alphabet", "characters", "segments", "text"]


@app.callback()
def _alone(context: typer.Context, json: bool = JSON_OPTION) -> None:
    if context.invoked_subcommand is None:
        found = templates_of_apps()
        _print([(each.name, shown) for each in found.owners() for shown in found.all(each.name)], json)


@app.command("list")
def list_(name: str = _APP, json: bool = JSON_OPTION) -> None:
    """List the templates that an app has in use."""
    _print([(name, each) for each in templates_of_apps().all(name)], json)


def _print(found: list[tuple[str, ShownTemplate]], json: bool) -> None:
    if json:
        print_json([{"app": name, **_fields(each)} for name, each in found])
        return
    rows = [
        [
            *(name, each.name, each.version, ",".join(each.template.texts)),
            *(_declared(each.template), each.created_at),
        ]
        for name, each in found
    ]
    print_rows("templates", ["app", "template", "version", "languages", "fields", "since"], rows)


@app.command()
def show(
    name: str = _APP,
    template: str = _NAME,
    version: int | None = typer.Option(None, help="An earlier version, instead of the one in use."),
    json: bool = JSON_OPTION,
) -> None:
    """Show what a template says in each language, with an example code and its segments."""
    _show(templates_of_apps().find(name, template, version), json)


@app.command("set")
def set_(
    name: str = _APP,
    template: str = _NAME,
    texts: list[str] = _TEXTS,
    default: str | None = typer.Option(None, help="The language for people of others; else the first."),
    alphabet: Spelling = _ALPHABET,
    field: list[str] | None = _FIELD,
    json: bool = JSON_OPTION,
) -> None:
    """Define a template, or its next version; nothing changes where one text cannot be."""
    given = _pairs("LOCALE=TEXT", texts)
    lengths = {each: _length(each, length) for each, length in _pairs("--field", field or []).items()}
    wanted = Template(given, default or next(iter(given)), alphabet, lengths)
    _show(templates_of_apps().define(name, template, wanted), json)


@app.command()
def remove(name: str = _APP, template: str = _NAME, json: bool = JSON_OPTION) -> None:
    """Take a template out of use; what was asked for with it keeps its words."""
    removed = templates_of_apps().remove(name, template)
    say(f"{removed.name} of {name} is not in use any more", _fields(removed), json)


def templates_of_apps() -> AppTemplates:
    """The templates, over the operator's settings."""
    settings = load_settings("cli")
    db = open_database(settings)
    check_current(db)
    return AppTemplates(db, utc_now, OperatorsTexts(settings.languages, settings.templates))


def _pairs(what: str, arguments: list[str]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if not equals or not value or name in pairs:
            raise InvalidFieldError(what, "write the name, an equals sign and the value, each name once")
        pairs[name] = value
    return pairs


def _length(name: str, text: str) -> int:
    if not text.isdecimal() or not text.isascii() or len(text) > 4:
        raise InvalidFieldError("--field", f"{name}: give the most characters of its values as a number")
    return int(text)


def _declared(template: Template) -> str | None:
    return ",".join(f"{name}={length}" for name, length in template.fields.items()) or None


def _fields(each: ShownTemplate) -> dict[str, object]:
    return {
        "name": each.name,
        "version": each.version,
        "in_use": each.in_use,
        "default_locale": each.template.default_locale,
        "alphabet": each.template.alphabet,
        "fields": each.template.fields,
        "texts": each.template.texts,
        "shown": each.texts,
        "created_at": each.created_at,
    }


def _show(each: ShownTemplate, json: bool) -> None:
    if json:
        print_json(_fields(each))
        return
    template = each.template
    facts = {
        "version": each.version,
        "in use": "yes" if each.in_use else "no",
        "default": template.default_locale,
        "alphabet": template.alphabet.value,
        "fields": _declared(template),
        "since": each.created_at,
    }
    print_record(each.name, facts)
    rows = [
        [text[key] for key in ("locale", "alphabet", "characters", "segments", "text")] for text in each.texts
    ]
    print_rows("texts", _COLUMNS, rows)
