"""`otp-worker simulator`: run the simulated phone, and speak to one that runs."""

import json
import signal
import sys
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from .checks import App
from .exchange import Issue, ValidationError
from .kinds import is_web_address
from .knobs import Knobs, read_words
from .profiles import PROFILES
from .remote import Remote, RemoteError
from .scenarios import SCENARIOS, UNTIL_CLEARED
from .server import Simulator

DEFAULT_PORT = 8025
COLUMNS = ("taken_at", "to", "text", "ref")
DEFAULT_URL = f"http://127.0.0.1:{DEFAULT_PORT}"

app = typer.Typer(
    invoke_without_command=True, help="A simulated phone gateway, for rehearsals without a phone."
)
Url = Annotated[str, typer.Option("--url", help="Where the simulator runs.")]
AppUrl = Annotated[
    str | None, typer.Option(envvar="SIMULATOR_APP_URL", help="The service whose codes the page may check.")
]
AppKey = Annotated[
    str | None,
    typer.Option(envvar="SIMULATOR_APP_KEY", help="A key to check them with; for a demo on this machine."),
]
ConsoleUrl = Annotated[
    str | None, typer.Option(envvar="SIMULATOR_CONSOLE_URL", help="The console, for links to trails.")
]
AsJson = Annotated[bool, typer.Option("--json", help="JSON for scripts instead of words.")]


@app.callback()
def run(
    context: typer.Context,
    profile: Annotated[
        str, typer.Option(help=f"The gateway it stands for: {', '.join(PROFILES)}.")
    ] = "mobile_api_connect",
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 takes a free one.")] = DEFAULT_PORT,
    key: Annotated[str | None, typer.Option(help="The key apps must send; made up if none is given.")] = None,
    key_file: Annotated[Path | None, typer.Option(help="A file that holds the key.")] = None,
    webhook_secret: Annotated[str | None, typer.Option(help="Signs what is posted to the app.")] = None,
    webhook_url: Annotated[str | None, typer.Option(help="Where inbound replies are forwarded to.")] = None,
    journal: Annotated[Path | None, typer.Option(help="Append a JSON line per message to this file.")] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Start with the phone offline.")] = False,
    slow: Annotated[float, typer.Option(min=0, help="Seconds to wait before each answer.")] = 0.0,
    knob: Annotated[list[str] | None, typer.Option(help="Any knob, as name=value; repeatable.")] = None,
    app_url: AppUrl = None,
    app_key: AppKey = None,
    console_url: ConsoleUrl = None,
    as_json: AsJson = False,
) -> None:
    """Run a simulated phone gateway in the foreground, until interrupted."""
    if context.invoked_subcommand is not None:
        return
    try:
        simulator = Simulator(
            host,
            port,
            _read_key(key, key_file),
            webhook_secret,
            profile=_profile(profile),
            webhook_url=webhook_url,
            knobs=_knobs(offline, slow, knob or []),
            journal=journal,
            app=_app(app_url, app_key),
            console_url=_address("console-url", console_url),
        )
        _serve(simulator, as_json)
    except (ValidationError, OSError) as error:
        _fail(str(error))


@app.command("set")
def set_knobs(
    words: Annotated[
        list[str], typer.Argument(metavar="NAME=VALUE...", help="next=N limits them to N sends.")
    ],
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Turn knobs of a running simulator: `set offline=true`, `set lose_reply=true next=1`."""
    try:
        knobs = Remote(url).set_knobs(read_words(words))
    except (ValidationError, RemoteError) as error:
        _fail(str(error))
    if as_json:
        _say(json.dumps(knobs, indent=2))
        return
    table = Table("knob", "value")
    for name, value in knobs.items():
        table.add_row(name, _plain(json.dumps(value)))
    Console().print(table)


@app.command()
def scenario(
    name: Annotated[str | None, typer.Argument(help=f"One of {', '.join(SCENARIOS)}.")] = None,
    seconds: Annotated[float | None, typer.Option(help="How long it lasts.")] = None,
    next_sends: Annotated[int | None, typer.Option("--next", help="For how many messages.")] = None,
    until_cleared: Annotated[bool, typer.Option("--until-cleared", help="It lasts until `clear`.")] = False,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Start a fault on a running simulator, in place of the present one; without a name, show that."""
    limits = {"seconds": seconds, "next": next_sends, UNTIL_CLEARED: until_cleared or None}
    asked = {key: value for key, value in limits.items() if value is not None}
    try:
        remote = Remote(url)
        _show_scenario(remote.start_scenario({"name": name, **asked}) if name else remote.scenario(), as_json)
    except RemoteError as error:
        _fail(str(error))


@app.command()
def clear(url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """End the fault and put every knob of a running simulator back."""
    try:
        _show_scenario(Remote(url).clear(), as_json)
    except RemoteError as error:
        _fail(str(error))


@app.command()
def messages(
    to: Annotated[str | None, typer.Option(help="Only those to this number.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, max=999_999, help="Only the newest so many.")] = None,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
) -> None:
    """Show what a running simulator was given to send, oldest first."""
    try:
        found = Remote(url).messages(to, limit)
    except RemoteError as error:
        _fail(str(error))
    if as_json:
        _say(json.dumps(found, indent=2))
        return
    table = Table()
    for column in COLUMNS:
        table.add_column(column, overflow="fold", no_wrap=column in ("taken_at", "to"))
    for message in found:
        table.add_row(*(_plain(message[column] or "") for column in COLUMNS))
    Console().print(table)


@app.command()
def reply(
    text: Annotated[str, typer.Argument(help="What the person writes.")],
    number: Annotated[str, typer.Option("--from", help="The number it comes from.")],
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Let a number reply by SMS to a running simulator."""
    try:
        forwarded = Remote(url).reply(number, text)
    except RemoteError as error:
        _fail(str(error))
    if as_json:
        _say(json.dumps({"forwarded": forwarded}))
    else:
        _say(
            "Forwarded to the webhook."
            if forwarded
            else "Received; no webhook to forward it to is registered."
        )


def _serve(simulator: Simulator, as_json: bool) -> None:
    """Say where it listens, and serve until SIGINT or SIGTERM."""
    ending = {signal.SIGINT, signal.SIGTERM}
    # Waited for, not handled: a handler runs between any two lines of ours, and can wait for itself.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ending)
    try:
        with simulator:
            told = {"gateway": simulator.url, "key": simulator.key, "phone": f"{simulator.origin}/"}
            lines = [f"{name.capitalize():<8} {value}" for name, value in told.items()]
            _say(json.dumps(told) if as_json else "\n".join([*lines, "Stop it with Ctrl-C."]))
            signal.sigwait(ending)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _show_scenario(standing: dict[str, Any], as_json: bool) -> None:
    if as_json:
        _say(json.dumps(standing, indent=2))
        return
    running = standing["scenario"]
    if running:
        until = running["until"] or (
            "cleared" if running["next"] is None else f"{running['next']} more messages"
        )
        _say(f"{running['name']}: {running['detail']}, until {until}")
    for name, value in standing["by_hand"].items():
        _say(f"{name}={json.dumps(value)}, by hand")
    if not running and not standing["by_hand"]:
        _say("All is well.")


def _profile(name: str) -> str:
    if name not in PROFILES:
        _fail(f"--profile {name}: there is none; give one of {', '.join(PROFILES)}")
    return name


def _knobs(offline: bool, slow: float, words: list[str]) -> Knobs:
    knobs = Knobs()
    knobs.set(**{"offline": offline, "slow_seconds": slow} | read_words(words))
    return knobs


def _app(url: str | None, key: str | None) -> App | None:
    if (url is None) != (key is None):
        raise ValidationError(Issue("app-key", "is given together with app-url, or not at all"))
    return App(url, key) if url is not None and key is not None else None


def _address(name: str, url: str | None) -> str | None:
    if url is not None and not is_web_address(url):
        raise ValidationError(Issue(name, "must be an http or https URL"))
    return url.rstrip("/") if url is not None else None


def _read_key(key: str | None, key_file: Path | None) -> str | None:
    if key is not None and key_file is not None:
        _fail("give --key or --key-file, not both")
    return key if key_file is None else key_file.read_text(encoding="utf-8").strip()


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _plain(cell: str) -> str:
    """A text that neither rich nor the terminal takes for instructions."""
    return escape(
        "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in cell)
    )


def _fail(reason: str) -> NoReturn:
    told = json.dumps({"error": "failed", "detail": reason})
    sys.stderr.write(f"{told if '--json' in sys.argv else f'simulator: {reason}'}\n")
    raise typer.Exit(1)
