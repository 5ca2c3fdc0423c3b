"""What ``otp-worker init`` asks, says of an answer, and says where nobody can answer."""

import os
import pty
import select
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from otp_worker.cli import questions
from otp_worker.cli.app import app
from tests.unit.cli.answers import sourced


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
