"""``otp-worker template``: what the SMS really says, in each language."""

from dataclasses import dataclass

import typer

from otp_worker.cli.output import JSON_OPTION, print_json, print_rows
from otp_worker.domain.app_settings import NOTHING_SET, AppSettings
from otp_worker.domain.policy import DEFAULT_TEMPLATE
from otp_worker.domain.ports import utc_now
from otp_worker.domain.texts.compose import compose
from otp_worker.domain.texts.template import Template
from otp_worker.domain.texts.wording import read_facts, tags_in
from otp_worker.operations.app_texts import described
from otp_worker.operations.apps import Apps
from otp_worker.service.database import open_database
from otp_worker.service.roles import load_settings
from otp_worker.service.settings import Settings
from otp_worker.store.schema_state import check_current
from otp_worker.store.templates import TemplateReader

app = typer.Typer(help="Show what an SMS says.", invoke_without_command=True)
_EXAMPLE_CODE = "123456"


@dataclass(frozen=True, slots=True)
class _Asking:
    """The app that asks, and its own template of the name."""

    app: str = "shop"
    settings: AppSettings = NOTHING_SET
    template: Template | None = None


@app.callback()
def _alone(context: typer.Context, json: bool = JSON_OPTION) -> None:
    if context.invoked_subcommand is None:
        preview(DEFAULT_TEMPLATE, None, None, None, json)


@app.command()
def preview(
    template: str = typer.Option(DEFAULT_TEMPLATE, help="The template's name."),
    locale: str | None = typer.Option(None, help="The language that a request names, such as de-AT."),
    country: str | None = typer.Option(None, help="The number's country, such as DE."),
    app_name: str | None = typer.Option(
        None, "--app", help="The app that asks: its shown name, lines and own templates."
    ),
    json: bool = JSON_OPTION,
) -> None:
    """Show the text, its alphabet and segments: of one request, or of every language that may be used."""
    settings = load_settings("cli")
    asking = _asking(settings, app_name, template)
    languages = settings.languages
    one = locale is not None or country is not None
    own, default = asking.template, asking.settings.default_locale
    # A template of the operator's is in one language, whatever country it goes to.
    where = None if template in settings.templates else country
    try:
        if own:
            tags = [own.choose(languages, locale, country, default)] if one else sorted(own.texts)
        else:
            tags = [languages.choose(locale, where, default)] if one else sorted(languages.usable)
    except ValueError as error:
        raise typer.BadParameter(f"--locale {error}") from None
    rows = [_row(settings, tag, template, asking) for tag in tags]
    if json:
        print_json(rows)
    else:
        columns = ["language", "alphabet", "characters", "segments", "text"]
        print_rows("texts", columns, [[row[column] for column in columns] for row in rows])


@app.command("languages")
def languages_(json: bool = JSON_OPTION) -> None:
    """List the languages that there is a text in, where it comes from, and whether it may be used."""
    usable = load_settings("cli").languages.usable
    known = [read_facts(tag) for tag in tags_in()]
    rows = [
        {
            "language": each.tag,
            "used": each.tag in usable,
            "read_by_a_speaker": each.read,
            "source": each.source,
        }
        for each in known
    ]
    if json:
        print_json(rows)
    else:
        print_rows("languages", list(rows[0]), [list(row.values()) for row in rows])


def _asking(settings: Settings, app: str | None, template: str) -> _Asking:
    """What is set for the app, if one is named. Raises NotFoundError."""
    if app is None:
        return _Asking()
    db = open_database(settings)
    check_current(db)
    found = Apps(db, utc_now).find(app)
    version = found.templates.get(template)
    own = TemplateReader(db).find(app, template, version) if version is not None else None
    return _Asking(app, found.settings, own)


def _row(settings: Settings, tag: str, template: str, asking: _Asking) -> dict[str, object]:
    written = asking.template or settings.templates.get(template)
    if written is None and template != DEFAULT_TEMPLATE:
        raise typer.BadParameter(f"there is no template {template!r}; OTP_TEMPLATES defines the operator's")
    fields = {name: "x" * most for name, most in asking.template.fields.items()} if asking.template else {}
    content = asking.settings.content(asking.app, _EXAMPLE_CODE, 300, fields)
    shown = described(tag, compose(settings.languages, content, tag, written))
    return {"language": shown.pop("locale"), **shown}
