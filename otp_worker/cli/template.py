"""``otp-worker template``: what the SMS really says, in each language."""

import typer

from otp_worker.cli.output import JSON_OPTION, print_json, print_rows
from otp_worker.domain.policy import DEFAULT_TEMPLATE
from otp_worker.domain.texts.alphabet import size_of
from otp_worker.domain.texts.compose import Content, compose
from otp_worker.domain.texts.wording import read_facts, tags_in
from otp_worker.service.message_settings import MessageSettings
from otp_worker.service.roles import load_settings

app = typer.Typer(help="Show what an SMS says.", invoke_without_command=True)
_EXAMPLE_CODE = "123456"
_EXAMPLE_APP = "shop"


@app.callback()
def _alone(context: typer.Context, json: bool = JSON_OPTION) -> None:
    if context.invoked_subcommand is None:
        preview(DEFAULT_TEMPLATE, None, None, json)


@app.command()
def preview(
    template: str = typer.Option(DEFAULT_TEMPLATE, help="The template's name."),
    locale: str | None = typer.Option(None, help="The language that a request names, such as de-AT."),
    country: str | None = typer.Option(None, help="The number's country, such as DE."),
    json: bool = JSON_OPTION,
) -> None:
    """Show the text, its alphabet and segments: of one request, or of every language that may be used."""
    settings = load_settings("cli")
    languages = settings.languages
    one = locale is not None or country is not None
    # A template is in one language, whatever country it goes to.
    where = None if template in settings.templates else country
    try:
        tags = [languages.choose(locale, where)] if one else sorted(languages.usable)
    except ValueError as error:
        raise typer.BadParameter(f"--locale {error}") from None
    rows = [_row(settings, tag, template) for tag in tags]
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


def _row(settings: MessageSettings, tag: str, template: str) -> dict[str, object]:
    written = settings.templates.get(template)
    if written is None and template != DEFAULT_TEMPLATE:
        raise typer.BadParameter(f"there is no template {template!r}; OTP_TEMPLATES defines them")
    content = Content(_EXAMPLE_CODE, 300, _EXAMPLE_APP)
    text = compose(settings.languages, content, tag, written)
    size = size_of(text)
    return {
        "language": tag,
        "alphabet": size.alphabet.value,
        "characters": size.units,
        "segments": size.segments,
        "text": text,
    }
