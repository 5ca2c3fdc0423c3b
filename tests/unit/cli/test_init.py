"""``otp-worker init``: from nothing to an environment file with which everything starts."""

import os
import pty
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from otp_worker.cli import questions
from otp_worker.cli.app import app
from otp_worker.domain.errors import ConfigurationError
from otp_worker.service.environment_file import take_over
from otp_worker.service.roles import load_settings
from otp_worker.store.schema_state import newest_version

GIVEN = {
    "OTP_BROKER_URL": "redis://127.0.0.1:6379/0",
    "OTP_COUNTRIES": "GB,IE",
    "OTP_PUBLIC_URL": "https://otp.example.com",
    "OTP_GATEWAY_URL": "https://gateway.example/v1",
    "OTP_GATEWAY_KEY": "sk_live_key of 'mine' $HOME",
    "OTP_GATEWAY_WEBHOOK_SECRET": "whsec_secret",
}


@contextmanager
def in_a_copy_of_the_environment() -> Iterator[None]:
    """What the block changes of our environment is taken back."""
    before = dict(os.environ)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture
def given(tmp_path: Path) -> dict[str, str]:
    return {**GIVEN, "OTP_DATABASE_URL": f"sqlite:///{tmp_path}/otp.db"}


def sourced(file: Path) -> dict[str, str]:
    """The variables that a shell has after it read the file."""
    shown = subprocess.run(
        ["bash", "-euc", f"set -a; . '{file}'; env -0"],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    pairs = (line.partition("=") for line in shown.split("\0"))
    return {name: value for name, _, value in pairs if name.startswith("OTP_")}


def test_what_is_given_is_not_asked_for_and_secrets_are_made(tmp_path: Path, given: dict[str, str]) -> None:
    files = [tmp_path / "first.env", tmp_path / "second.env"]
    for file in files:
        done = CliRunner().invoke(app, ["init", "--file", str(file)], env=given)
        assert done.exit_code == 0, done.output
        assert "sk_live_" not in done.output
    first, second = map(sourced, files)
    assert first.items() >= given.items()
    for made in ("OTP_SECRET_KEY", "OTP_CONSOLE_AUTH", "OTP_FLOWER_AUTH"):
        assert first[made] != second[made]
    assert files[0].stat().st_mode & 0o777 == 0o600


def test_every_process_can_start_with_the_file_alone(
    tmp_path: Path, given: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "otp.env"
    assert CliRunner().invoke(app, ["init", "--file", str(file)], env=given).exit_code == 0
    for name, value in sourced(file).items():
        monkeypatch.setenv(name, value)
    for role in ("web", "worker", "beat", "flower", "console", "cli"):
        load_settings(role)


def test_an_empty_database_gets_its_schema_and_one_in_use_is_left_alone(
    tmp_path: Path, given: dict[str, str]
) -> None:
    told = [
        CliRunner().invoke(app, ["init", "--file", str(tmp_path / name)], env=given).output
        for name in ("first.env", "second.env")
    ]
    assert f"schema is made ({newest_version()})" in told[0]
    assert "left as it is" in told[1]


def test_a_database_that_is_away_costs_nobody_the_answers(tmp_path: Path, given: dict[str, str]) -> None:
    away = {**given, "OTP_DATABASE_URL": "postgresql://otp:secret@127.0.0.1:1/otp"}
    file = tmp_path / "otp.env"
    done = CliRunner().invoke(app, ["init", "--file", str(file)], env=away)
    assert done.exit_code == 0, done.output
    assert f"`otp-worker --env {file} migrate` makes it" in done.output
    assert "secret@" not in done.output
    assert file.exists()


def test_any_command_takes_its_variables_from_the_file(
    tmp_path: Path, given: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "otp.env"
    assert CliRunner().invoke(app, ["init", "--file", str(file)], env=given).exit_code == 0
    for name in given:
        monkeypatch.delenv(name, raising=False)
    with in_a_copy_of_the_environment():
        told = CliRunner().invoke(app, ["--env", str(file), "callback-url"])
        assert {name: os.environ[name] for name in given} == given
    assert told.output.startswith("https://otp.example.com/"), told.output


@pytest.mark.parametrize("line", ["OTP_SECRET_KEY", "sk_live_x", "OTP_X='open sk_live_x", "1=sk_live_x"])
def test_a_line_that_is_no_variable_is_named_by_its_number(tmp_path: Path, line: str) -> None:
    file = tmp_path / "otp.env"
    file.write_text(f"# a comment\n\nexport OTP_COUNTRIES='GB,IE' # and\n{line}\n")
    with in_a_copy_of_the_environment(), pytest.raises(ConfigurationError, match="line 4: ") as refused:
        take_over(file)
    assert "sk_live_" not in str(refused.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    told = CliRunner().invoke(app, ["--env", str(tmp_path / "none"), "migrate"])
    assert isinstance(told.exception, ConfigurationError)
    assert "none: cannot be read" in str(told.exception)


def test_an_option_wins_over_the_environment(tmp_path: Path, given: dict[str, str]) -> None:
    file = tmp_path / "otp.env"
    options = ["init", "--file", str(file), "--countries", "DE"]
    assert CliRunner().invoke(app, options, env=given).exit_code == 0
    assert sourced(file)["OTP_COUNTRIES"] == "DE"


@pytest.mark.parametrize(
    ("variable", "value"),
    [("OTP_COUNTRIES", "Germany"), ("OTP_DATABASE_URL", "otp.db"), ("OTP_GATEWAY_KEY", None)],
)
def test_what_is_wrong_or_missing_is_named_and_nothing_is_written(
    tmp_path: Path, given: dict[str, str], variable: str, value: str | None
) -> None:
    file = tmp_path / "otp.env"
    done = CliRunner().invoke(app, ["init", "--file", str(file)], env={**given, variable: value})
    assert done.exit_code == 1
    assert variable in str(done.exception)
    assert not file.exists()


def test_a_file_that_exists_is_left_alone(tmp_path: Path, given: dict[str, str]) -> None:
    file = tmp_path / "otp.env"
    file.write_text("OTP_SECRET_KEY=the only one\n")
    done = CliRunner().invoke(app, ["init", "--file", str(file)], env=given)
    assert done.exit_code == 1
    assert file.read_text() == "OTP_SECRET_KEY=the only one\n"


def test_without_a_terminal_all_that_is_wrong_is_said_at_once_with_its_options(
    tmp_path: Path, given: dict[str, str]
) -> None:
    file = tmp_path / "otp.env"
    few = {"OTP_COUNTRIES": "Germany", "OTP_PUBLIC_URL": "otp.example.com", "OTP_BCRYPT_ROUNDS": "many"}
    done = CliRunner().invoke(app, ["init", "--file", str(file)], env=dict.fromkeys(given) | few)
    assert done.exit_code == 1
    said = [line.partition(":")[0] for line in str(done.exception).splitlines()]
    assert sorted(said) == [
        "OTP_BCRYPT_ROUNDS",
        "OTP_BROKER_URL or --broker-url",
        "OTP_COUNTRIES or --countries",
        "OTP_DATABASE_URL or --database-url",
        "OTP_GATEWAY_KEY",
        "OTP_GATEWAY_URL or --gateway-url",
        "OTP_GATEWAY_WEBHOOK_SECRET",
        "OTP_PUBLIC_URL or --public-url",
    ]
    assert not file.exists()


def test_a_file_of_gateways_is_an_answer_to_all_questions_about_the_gateway(
    tmp_path: Path, given: dict[str, str]
) -> None:
    gateways = tmp_path / "gateways.toml"
    account = {"kind": "mobile_api_connect", "url": "https://gateway.example/v1", "key": "sk_live_x"}
    lines = ["[gateways.phone]", *(f'{name} = "{value}"' for name, value in account.items())]
    gateways.write_text("\n".join(lines))
    told = {name: None if name.startswith("OTP_GATEWAY_") else value for name, value in given.items()}
    file = tmp_path / "otp.env"
    done = CliRunner().invoke(
        app, ["init", "--file", str(file)], env=told | {"OTP_GATEWAYS_FILE": str(gateways)}
    )
    assert done.exit_code == 0, done.exception


def at_a_terminal(file: Path, environment: dict[str, str], *typed: str) -> tuple[int, str]:
    """`init` with somebody who answers each prompt with the next line: its status, and its words."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [Path(sys.executable).with_name("otp-worker"), "init", "--file", file],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.environ.get("PYTHONPATH", ""), **environment},
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as asking:
        os.close(theirs)
        lines = iter(typed)
        said = ""
        assert asking.stdout is not None
        try:
            while select.select([asking.stdout], [], [], 60)[0] and (
                more := os.read(asking.stdout.fileno(), 4096)
            ):
                said += more.decode()
                # A prompt is the one thing that ends without a new line.
                if said.endswith(": ") and (line := next(lines, None)) is not None:
                    os.write(ours, f"{line}\n".encode())
            return asking.wait(60), said
        finally:
            asking.kill()
            os.close(ours)


def test_at_a_terminal_each_answer_is_judged_at_once(tmp_path: Path, given: dict[str, str]) -> None:
    file = tmp_path / "otp.env"
    typed = [
        *("otp.db", "", f"sqlite:///{tmp_path}/otp.db"),
        *("http://wrong", "redis://:secret@127.0.0.1:1/0", "n", "redis://:secret@127.0.0.1:1/0", "y"),
        *("Germany", "", "DE"),
        *("otp.example.com", ""),
        "https://gateway.example/v1",
        "sk_live_key",
        "",
    ]
    status, said = at_a_terminal(file, {}, *typed)
    assert status == 0, said
    expected = [
        *("Database (", "not a database URL", "Database (", "needs an answer", "Database ("),
        *("Broker (", "Broker (", "the broker does not do its work", "Keep it", "once more", "Broker ("),
        *("Keep it", "Countries", "country code: GERMANY", "Countries", "needs an answer", "Countries"),
        *("Where gateways reach", "not an http", "Where gateways reach", "The phone gateway's API"),
        *("Its key", "Its webhooks' secret", "is written"),
    ]
    at = 0
    for words in expected:
        assert words in said[at:], (words, said[at:])
        at = said.index(words, at) + len(words)
    assert "secret@" not in said
    assert "sk_live_key" not in said
    kept = sourced(file)
    assert kept["OTP_COUNTRIES"] == "DE"
    assert kept["OTP_PUBLIC_URL"] == kept["OTP_GATEWAY_WEBHOOK_SECRET"] == ""
    assert kept["OTP_BROKER_URL"] == "redis://:secret@127.0.0.1:1/0"


def test_what_was_given_and_is_wrong_is_said_and_asked_for(
    tmp_path: Path, given: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(questions, "_is_somebody_there", lambda: True)
    file = tmp_path / "otp.env"
    environment = given | {"OTP_COUNTRIES": "Germany"}
    done = CliRunner().invoke(app, ["init", "--file", str(file)], env=environment, input="DE\n")
    assert done.exit_code == 0, done.output
    assert "OTP_COUNTRIES or --countries: not an ISO 3166 country code: GERMANY" in done.output
    assert sourced(file)["OTP_COUNTRIES"] == "DE"


def test_what_no_question_is_about_is_said_before_the_first(
    tmp_path: Path, given: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(questions, "_is_somebody_there", lambda: True)
    environment = dict.fromkeys(given) | {"OTP_BCRYPT_ROUNDS": "many"}
    done = CliRunner().invoke(app, ["init", "--file", str(tmp_path / "otp.env")], env=environment, input="")
    assert "OTP_BCRYPT_ROUNDS: " in str(done.exception)
    assert "Database (" not in done.output
