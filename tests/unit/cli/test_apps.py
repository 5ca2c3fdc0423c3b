"""``otp-worker apps``, as an operator and a script use it."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from otp_worker.cli.app import app


@pytest.fixture
def command(database_url: str) -> CliRunner:
    return CliRunner()


def run(command: CliRunner, *arguments: str) -> Any:
    """What a command prints with --json."""
    done = command.invoke(app, ["apps", *arguments, "--json"])
    assert done.exit_code == 0, done.exception
    return json.loads(done.stdout)


def test_an_app_is_there_with_its_first_key(command: CliRunner) -> None:
    command.invoke(app, ["keys", "create", "--name", "shop"])
    command.invoke(app, ["keys", "create", "--name", "shop", "--test"])
    (shop,) = run(command, "list")
    assert (shop["name"], shop["keys"], shop["code_length"]) == ("shop", 2, None)


def test_what_is_set_is_shown_and_what_is_unset_is_as_for_all(command: CliRunner) -> None:
    run(command, "create", "shop", "code_length=8", "channels=sms,inbound", "limit=none")
    shown = run(command, "set", "shop", "ttl_seconds=120", "shown_name=Corner Shop")
    assert (shown["code_length"], shown["channels"], shown["limit"]) == (8, ["sms", "inbound"], "")
    assert run(command, "unset", "shop", "code_length", "channels")["channels"] is None
    words = command.invoke(app, ["apps", "show", "shop"], env={"COLUMNS": "200"}).stdout
    assert "Corner Shop" in words
    assert "as for all" in words
    table = command.invoke(app, ["apps", "list"], env={"COLUMNS": "200"}).stdout
    assert "shown_name=Corner Shop ttl_seconds=120 limit=none" in table


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["set", "shop", "code_length=3"], "code_length: give a whole number from 4 to 10"),
        (["set", "shop", "code_length=eight"], "code_length: give a whole number from 4 to 10"),
        (["set", "shop", "limit=5 per hour"], "limit: give rates such as"),
        (["set", "shop", "limit=5/31d"], "limit: its window of 31 d is longer than OTP_RETENTION_DAYS"),
        (["set", "shop", "colour=red"], "colour: there is no such setting; there are shown_name"),
        (["unset", "shop", "colour"], "colour: there is no such setting; there are shown_name"),
        (["set", "shop", "code_length"], "code_length: write code_length=VALUE"),
        (["set", "shop"], "SETTING=VALUE: name a setting: shown_name"),
        (["set", "bank", "code_length=8"], "there is no such app"),
        (["set", "shop", "limit="], "limit: is empty; otp-worker apps unset"),
        (["set", "shop", "limit=1/h", "limit=2/h"], "limit: is given twice"),
        (["show", "bank"], "there is no such app"),
        (["create", "shop"], "name: there is an app of this name already"),
        (["create", "a b"], "name: give 1 to 48 letters"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_changed(
    command: CliRunner, arguments: list[str], said: str
) -> None:
    before = run(command, "create", "shop", "ttl_seconds=120")
    done = command.invoke(app, ["apps", *arguments])
    assert (done.exit_code, done.stdout) == (1, "")
    assert str(done.exception).startswith(said)
    assert run(command, "show", "shop") == before
    assert len(run(command, "list")) == 1
