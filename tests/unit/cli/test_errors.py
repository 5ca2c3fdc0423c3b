"""What a command says when it does not do as it was asked: a line for people, JSON for scripts."""

import json
import sys
from datetime import datetime
from pathlib import Path

import pytest

from otp_worker.cli.app import main
from otp_worker.domain.ports import utc_now
from otp_worker.store.database import Database
from otp_worker.store.migrate import upgrade
from tests.unit.cli.test_cli import NUMBER, SETTINGS


@pytest.fixture
def migrated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    database = Database(f"sqlite:///{tmp_path}/otp.db")
    upgrade(database)
    database.close()
    monkeypatch.setenv("OTP_DATABASE_URL", database.url)
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> str:
    """What the program ends with: Python prints it to stderr, and exits 1."""
    monkeypatch.setattr(sys, "argv", ["otp-worker", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    return str(ended.value.code)


@pytest.mark.parametrize(
    ("words", "error", "said"),
    [
        (["keys", "rotate", "key_1"], "not_found", "there is no valid key key_1"),
        (["keys", "revoke", "key_1"], "not_found", "there is no valid key key_1"),
        (["keys", "create", "--name", "a b"], "invalid_field", "name: give 1 to 48"),
        (["keys", "create", "--name", "a", "--limit", "40/d,1/31d"], "invalid_field", "--limit: its window"),
        (["gateways", "test", "nobody"], "not_found", "there is no SIM or gateway nobody"),
        (["callback-url", "nobody"], "not_found", "there is no gateway nobody"),
        (["guard", "lift", "nowhere"], "not_found", "target: "),
        (["optouts", "remove", "12"], "invalid_field", "to: "),
        (["unlock", "12"], "invalid_field", "to: "),
        (["forget", NUMBER], "failed", "--yes erases without asking"),
        (["show", "ver_1"], "not_found", "there is no verification ver_1"),
        (["check", "ver_1", "123456"], "not_found", "verification"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_an_error_is_a_line_for_people_and_json_for_scripts(
    migrated: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    error: str,
    said: str,
) -> None:
    sentence = run(migrated, *words)
    assert sentence.startswith("otp-worker: ")
    assert said in sentence
    fields = json.loads(run(migrated, *words, "--json"))
    assert capsys.readouterr().out == ""
    assert (fields["error"], f"otp-worker: {fields['detail']}") == (error, sentence)


def test_a_field_that_is_wrong_is_named_apart(migrated: pytest.MonkeyPatch) -> None:
    (wrong,) = json.loads(run(migrated, "keys", "create", "--name", "a b", "--json"))["errors"]
    assert wrong["field"] == "name"


@pytest.mark.parametrize(
    ("variable", "value", "error"),
    [
        ("OTP_CODE_LENGTH", "many", "configuration"),
        ("OTP_DATABASE_URL", "sqlite:////{empty}", "schema_not_current"),
        ("OTP_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/otp", "database_away"),
    ],
)
def test_what_keeps_every_command_from_working_is_json_too(
    migrated: pytest.MonkeyPatch, tmp_path: Path, variable: str, value: str, error: str
) -> None:
    migrated.setenv(variable, value.replace("/{empty}", f"{tmp_path}/empty.db"))
    told = json.loads(run(migrated, "optouts", "--json"))
    assert told["error"] == error
    assert told["detail"]


def test_when_to_try_again_is_told_to_scripts(migrated: pytest.MonkeyPatch) -> None:
    migrated.setenv("OTP_LIMIT_KEY", "1/h")
    sends = [run(migrated, "send", NUMBER, "--wait", "0", "--json") for _ in range(2)]
    told = json.loads(sends[1])
    assert (sends[0], told["error"], told["limit"]) == ("1", "limit_reached", "key")
    assert datetime.fromisoformat(told["retry_at"]) > utc_now()
