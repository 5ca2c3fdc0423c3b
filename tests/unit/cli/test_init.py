"""``otp-worker init``: from nothing to an environment file with which everything starts."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from otp_worker.cli.app import app
from otp_worker.domain.errors import ConfigurationError
from otp_worker.service.environment_file import take_over
from otp_worker.service.roles import load_settings
from otp_worker.store.schema_state import newest_version
from tests.unit.cli.answers import sourced


@contextmanager
def in_a_copy_of_the_environment() -> Iterator[None]:
    """What the block changes of our environment is taken back."""
    before = dict(os.environ)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


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


def test_what_is_taken_from_the_environment_is_named(tmp_path: Path, given: dict[str, str]) -> None:
    done = CliRunner().invoke(app, ["init", "--file", str(tmp_path / "otp.env")], env=given)
    (line,) = [line for line in done.output.splitlines() if line.startswith("Taken from the environment: ")]
    assert set(given) <= set(line.rstrip(".").partition(": ")[2].split(", "))


def test_a_shell_that_has_the_demos_variables_makes_no_service(tmp_path: Path, given: dict[str, str]) -> None:
    file = tmp_path / "otp.env"
    demos = {**given, "OTP_WELCOME_FILE": str(tmp_path / "welcome.json")}
    done = CliRunner().invoke(app, ["init", "--file", str(file)], env=demos)
    assert isinstance(done.exception, ConfigurationError)
    assert "these are the demo's variables; use a new shell" in str(done.exception)
    assert not file.exists()


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
