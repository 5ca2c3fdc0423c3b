"""``otp-worker find, show, tail``, as an operator and a script use them."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from structlog.testing import capture_logs
from typer.testing import CliRunner, Result

from otp_worker.cli.app import app
from otp_worker.domain.app import App
from otp_worker.domain.ports import utc_now
from otp_worker.domain.step import Step, StepKind
from otp_worker.issue.request import SendRequest
from otp_worker.service.assembly import Intake
from otp_worker.service.roles import load_settings
from otp_worker.service.wiring import build_intake
from otp_worker.store import steps
from otp_worker.store.schema import deliveries, verifications
from tests.unit.cli.test_cli import NUMBER, SETTINGS

SHOP = App("shop")


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("OTP_DATABASE_URL", f"sqlite:///{tmp_path}/otp.db")
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("OTP_LIMIT_NUMBER", "100/h")
    runner = CliRunner()
    assert runner.invoke(app, ["migrate"]).exit_code == 0
    return runner


@pytest.fixture
def intake(command: CliRunner) -> Iterator[Intake]:
    made = build_intake(load_settings("web"))
    yield made
    made.db.close()


def asked(intake: Intake, user: str, to: str = NUMBER) -> str:
    request = SendRequest(to, user, request_id=f"req-of-{user}")
    return intake.issuer.issue(request, SHOP, utc_now()).verification.id


def handed_over(intake: Intake, verification_id: str) -> None:
    """As a worker leaves it, a moment later."""
    now = utc_now()
    with intake.db.write() as connection:
        connection.execute(
            update(deliveries)
            .where(deliveries.c.verification_id == verification_id)
            .values(status="sent", sent_at=now, gateway="mac1", sim="gb1", gateway_message_id="msg_7")
        )
        connection.execute(
            update(verifications).where(verifications.c.id == verification_id).values(handed_at=now)
        )


def run(command: CliRunner, *arguments: str) -> Result:
    return command.invoke(app, list(arguments), env={"COLUMNS": "250"})


def test_whatever_support_has_leads_to_the_newest_with_its_cause_first(
    command: CliRunner, intake: Intake
) -> None:
    older, newest = asked(intake, "user-1"), asked(intake, "user-2")
    handed_over(intake, newest)
    for what in (NUMBER, "07400 123456", "user-2", newest, f"{newest}.1", "msg_7", "req-of-user-2"):
        told = run(command, "show", what)
        assert told.exit_code == 0, what
        assert told.stdout.startswith("Handed over by SIM gb1 at ")
        assert newest in told.stdout
        assert "SIM gb1 took the SMS over" in told.stdout
        assert NUMBER not in told.stdout
    assert "1 older: otp-worker find shows them" in run(command, "show", NUMBER).stdout
    assert run(command, "show", older).stdout.startswith("Accepted ")


def test_a_script_reads_the_cause_and_the_trail(command: CliRunner, intake: Intake) -> None:
    verification_id = asked(intake, "user-1")
    handed_over(intake, verification_id)
    told = json.loads(run(command, "show", verification_id, "--json").stdout)
    assert (told["id"], told["status"], told["user"]) == (verification_id, "pending", "user-1")
    assert told["cause"].startswith("Handed over by SIM gb1")
    assert told["delivery"]["gateway"] == "mac1"
    assert told["timeline"][0]["kind"] == "accepted"
    assert told["timeline"][-1]["what"] == "SIM gb1 took the SMS over"
    assert {"at", "milliseconds", "kind", "hop", "what"} == told["timeline"][0].keys()


@pytest.mark.parametrize("what", ["order-1017", "campaign:spring"])
def test_a_reference_and_a_tag_lead_to_what_they_were_given_for(
    command: CliRunner, intake: Intake, what: str
) -> None:
    asked(intake, "alice")
    tags = {"campaign": "spring"}
    request = SendRequest(NUMBER, "bob", purpose="payment", client_reference="order-1017", tags=tags)
    sent = intake.issuer.issue(request, SHOP, utc_now()).verification.id
    (found,) = json.loads(command.invoke(app, ["find", what, "--json"]).stdout)
    assert (found["id"], found["purpose"], found["client_reference"]) == (sent, "payment", "order-1017")
    assert found["tags"] == tags
    words = command.invoke(app, ["show", what]).stdout
    assert "campaign:spring" in words
    assert "the code was asked for" in words
    assert "purpose payment, reference order-1017" in words


def test_a_list_is_newest_first(command: CliRunner, intake: Intake) -> None:
    ids = [asked(intake, f"user-{n}") for n in range(3)]
    told = run(command, "find", NUMBER).stdout
    assert "3 found, newest first" in told
    assert sorted(ids, key=told.index) == ids[::-1]
    found = json.loads(run(command, "find", "+44 7400 123456", "--limit", "2", "--json").stdout)
    assert [each["id"] for each in found] == ids[:0:-1]
    assert all(each["cause"].startswith("Accepted ") for each in found)


@pytest.mark.parametrize("name", ["find", "show"])
def test_what_nothing_is_kept_of_is_said_and_not_repeated(command: CliRunner, name: str) -> None:
    for what in ("+447400999999", "nobody", "12", "ver_" + "0" * 26):
        told = run(command, name, what)
        assert told.exit_code == 1
        assert str(told.exception).startswith(("nothing is found by this", "there is no verification ver_"))
        assert "7400999999" not in str(told.exception)


def tail(
    command: CliRunner, intake: Intake, monkeypatch: pytest.MonkeyPatch, rounds: list[list[Step]], *more: str
) -> Result:
    """What is printed while the rounds are written one after the other, until Ctrl-C."""
    waiting = iter(rounds)

    def pause(_seconds: float) -> None:
        written = next(waiting, None)
        if written is None:
            raise KeyboardInterrupt
        # Another process writes them, whose log is not what is printed here.
        with capture_logs(), intake.db.write() as connection:
            steps.write(connection, written)

    monkeypatch.setattr(time, "sleep", pause)
    return run(command, "tail", *more)


def step(verification_id: str, kind: StepKind, **more: Any) -> Step:
    return Step(utc_now(), kind, verification_id, **more)


def test_new_steps_are_followed_until_ctrl_c(
    command: CliRunner, intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    verification_id = asked(intake, "user-1")
    rounds = [
        [step(verification_id, StepKind.CLAIMED, detail="worker@a"), step(verification_id, StepKind.HASHED)],
        [],
        [Step(utc_now(), StepKind.BREAKER_OPENED, gateway="mac1", detail="no paired phone is online")],
    ]
    told = tail(command, intake, monkeypatch, rounds)
    assert told.exit_code == 130
    lines = [line.split("  ")[1:] for line in told.stdout.splitlines()]
    assert lines == [
        [verification_id, "worker", "taken up by worker worker@a"],
        [verification_id, "worker", "the code was made and hashed"],
        ["-", "gateway", "gateway mac1 is away: no paired phone is online"],
    ]


def test_a_script_follows_one_object_a_line(
    command: CliRunner, intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    verification_id = asked(intake, "user-1")
    rounds = [[step(verification_id, StepKind.CHECK, outcome="wrong", count=4)]]
    (line,) = tail(command, intake, monkeypatch, rounds, "--json").stdout.splitlines()
    told = json.loads(line)
    assert (told["verification_id"], told["kind"]) == (verification_id, "check")
    assert told["what"] == "a wrong code was typed; 4 checks are left"
