"""``otp-worker``: what holds for all of its commands."""

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console
from typer import Context
from typer.core import TyperGroup
from typer.main import get_command
from typer.testing import CliRunner

from otp_worker import __version__
from otp_worker.cli import output
from otp_worker.cli.app import LazyGroup, app
from otp_worker.cli.commands import COMMANDS
from otp_worker.cli.summaries import SUMMARIES
from otp_worker.domain.app import App
from otp_worker.domain.ports import utc_now
from otp_worker.issue.request import SendRequest
from otp_worker.service.roles import load_settings
from otp_worker.service.wiring import build_intake

PROGRAM = Path(sys.executable).with_name("otp-worker")
NUMBER = "+447400123456"
SETTINGS = {
    "OTP_BROKER_URL": "redis://127.0.0.1:1/0",
    "OTP_REDIS_URL": "",
    "OTP_SECRET_KEY": "a root secret of the tests that is long enough",
    "OTP_COUNTRIES": "GB",
    "OTP_PUBLIC_URL": "https://otp.example.com",
    "OTP_GATEWAY_URL": "http://127.0.0.1:1",
    "OTP_GATEWAY_KEY": "sk_live_unused",
}


@pytest.fixture
def command(database_url: str, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    return CliRunner()


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Console:
    """A terminal of 80 columns."""
    console = Console(width=80, force_terminal=True, color_system=None, record=True, file=sys.stderr)
    monkeypatch.setattr(output, "console", console)
    return console


def test_the_version_costs_next_to_nothing() -> None:
    """CPU seconds of the child, which a busy machine does not stretch; with all commands it is over 1.2."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    told = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert told.stdout == f"{__version__}\n"
    assert after.ru_utime - before.ru_utime < 0.6


def test_the_version_imports_no_command() -> None:
    ask = "import sys; from otp_worker.cli.app import app; print(sorted(sys.modules))"
    told = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    for heavy in ("sqlalchemy", "celery", "pydantic", "requests", "rich.table", "otp_worker.cli.operate"):
        assert f"'{heavy}" not in told.stdout, heavy


def test_every_command_is_there_and_described() -> None:
    told = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "120"}).stdout
    for name in COMMANDS:
        assert name in told
        assert CliRunner().invoke(app, [name, "--help"]).exit_code == 0, name
    assert CliRunner().invoke(app, ["no-such-command"]).exit_code == 2


def test_alone_it_is_its_help() -> None:
    alone, asked = (CliRunner().invoke(app, words) for words in ([], ["--help"]))
    assert alone.exit_code == 0
    assert alone.stdout.strip() == asked.stdout.strip() != ""


def test_a_group_of_commands_alone_lists_what_there_is(command: CliRunner) -> None:
    """Whatever its commands are: none ends with 2, as if its reader had done something wrong."""
    group = get_command(app)
    assert isinstance(group, LazyGroup)
    groups = [name for name in COMMANDS if isinstance(group.get_command(Context(group), name), TyperGroup)]
    assert {"apps", "keys", "template", "guard", "gateways", "optouts"} < set(groups)
    for name in set(groups) - {"simulator"}:
        told = command.invoke(app, [name])
        assert told.exit_code == 0, (name, told.output)
        assert "Usage:" not in told.output
        assert json.loads(command.invoke(app, [name, "--json"]).stdout) is not None


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_listed_by_its_own_words(name: str) -> None:
    group = get_command(app)
    assert isinstance(group, LazyGroup)
    command = group.get_command(Context(group), name)
    assert SUMMARIES[name] == (command.help or "").partition("\n\n")[0].replace("\n", " ")


def test_the_help_imports_no_command() -> None:
    told = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "otp_worker", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "bench" in told.stdout
    imported = {line.rpartition("|")[2].strip() for line in told.stderr.splitlines()}
    assert imported.isdisjoint(module for module, _ in COMMANDS.values())


def test_a_shell_can_complete_commands_and_options() -> None:
    assert "--install-completion" in CliRunner().invoke(app, ["--help"]).stdout
    for typed, wanted in (("otp-worker opt", "optouts"), ("otp-worker forget --y", "--yes")):
        environment = {
            "_OTP_WORKER_COMPLETE": "complete_bash",
            "COMP_WORDS": typed,
            "COMP_CWORD": str(typed.count(" ")),
        }
        told = subprocess.run([PROGRAM], env=environment, capture_output=True, text=True, check=True)
        assert wanted in told.stdout.split()


@pytest.mark.parametrize(
    "arguments",
    [
        ["migrate"],
        ["keys", "create", "--name", "shop"],
        ["keys", "list"],
        ["guard"],
        ["guard", "exempt", "GB"],
        ["guard", "lift", "GB"],
        ["guard", "watch", "GB"],
        ["gateways"],
        ["gateways", "test", "mobile_api_connect"],
        ["optouts"],
        ["replies"],
        ["callback-url"],
        ["seal-key"],
        ["forget", NUMBER, "--yes"],
    ],
    ids=" ".join,
)
def test_every_command_can_answer_in_json(command: CliRunner, arguments: list[str]) -> None:
    json.loads(command.invoke(app, [*arguments, "--json"]).stdout)


def test_keys_are_rotated_and_revoked_in_json(command: CliRunner) -> None:
    command.invoke(app, ["keys", "create", "--name", "shop"])
    (key,) = json.loads(command.invoke(app, ["keys", "list", "--json"]).stdout)
    made = json.loads(command.invoke(app, ["keys", "rotate", key["id"], "--json"]).stdout)
    assert made["replaces"] == key["id"]
    assert made["key"].startswith("otp_live_")
    told = json.loads(command.invoke(app, ["keys", "revoke", key["id"], "--json"]).stdout)
    assert told == {"id": key["id"], "revoked": True}


def test_numbers_are_numbers_in_json(command: CliRunner) -> None:
    (sim,) = json.loads(command.invoke(app, ["gateways", "--json"]).stdout)["sims"]
    assert (sim["sent_today"], sim["per_day"], sim["pace_per_minute"], sim["serves"]) == (0, None, None, None)


def test_no_id_is_cut_in_a_pipe(command: CliRunner) -> None:
    command.invoke(app, ["keys", "create", "--name", "an-app-whose-name-needs-a-lot-of-room"])
    (key,) = json.loads(command.invoke(app, ["keys", "list", "--json"]).stdout)
    (line,) = [
        line for line in command.invoke(app, ["keys", "list"]).stdout.splitlines() if key["id"] in line
    ]
    assert key["hint"] in line


def test_no_id_is_cut_in_a_terminal_of_80_columns(command: CliRunner, terminal: Console) -> None:
    command.invoke(app, ["keys", "create", "--name", "shop"])
    (key,) = json.loads(command.invoke(app, ["keys", "list", "--json"]).stdout)
    command.invoke(app, ["keys", "list"])
    shown = terminal.export_text()
    assert key["id"] in shown
    assert key["hint"] in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_what_others_wrote_is_no_markup_and_steers_no_terminal(terminal: Console) -> None:
    output.print_rows("replies", ["text"], [["[red]stop[/] [/nonsense] \x1b[2Jgone"]])
    shown = terminal.export_text(styles=True)
    assert "[red]stop[/] [/nonsense] \ufffd[2Jgone" in shown


class TestForget:
    """Nothing is erased by mistake."""

    @pytest.fixture
    def kept(self, command: CliRunner) -> str:
        intake = build_intake(load_settings("web"))
        intake.issuer.issue(SendRequest(NUMBER), App("shop"), utc_now())
        intake.db.close()
        return NUMBER

    def test_nobody_to_ask_erases_nothing(self, command: CliRunner, kept: str) -> None:
        told = command.invoke(app, ["forget", kept])
        assert told.exit_code == 1
        assert "--yes" in str(told.exception)
        assert self.erased(command, kept) == 1

    @pytest.mark.parametrize(("answer", "left"), [("n\n", 1), ("\n", 1), ("y\n", 0)])
    def test_a_person_is_asked_first(
        self, command: CliRunner, kept: str, answer: str, left: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("otp_worker.cli.operate.somebody_is_there", lambda: True)
        told = command.invoke(app, ["forget", kept], input=answer)
        assert told.exit_code == left
        assert "for good?" in told.stderr
        assert self.erased(command, kept) == left

    def erased(self, command: CliRunner, number: str) -> int:
        """How many verifications were left to be erased."""
        told = json.loads(command.invoke(app, ["forget", number, "--yes", "--json"]).stdout)
        assert told["number"] == "+44********56"
        return int(told["verifications"])
