"""Sends and checks from the command line: for payments, and by e-mail."""

import json
import sys

import pytest
from sqlalchemy import select

from otp_worker.cli.app import main
from otp_worker.domain.passcode import Derivation
from otp_worker.domain.ports import utc_now
from otp_worker.domain.sealing import Unsealer
from otp_worker.store import seal_keys
from otp_worker.store.database import Database
from otp_worker.store.schema import verifications
from tests.unit.cli.conftest import SECRET
from tests.unit.cli.test_cli import NUMBER

PAYMENT = ["--amount", "12.5", "--currency", "EUR", "--payee", "Corner Shop"]


@pytest.fixture
def gateway(database: Database, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The environment with a gateway, and workers that can open what is sealed."""
    monkeypatch.setenv("OTP_GATEWAY_URL", "http://127.0.0.1:1/v1")
    monkeypatch.setenv("OTP_GATEWAY_KEY", "sk_live_x")
    keys = [each.id for each in Unsealer([SECRET]).public_keys]
    seal_keys.announce(database, keys, utc_now())
    return monkeypatch


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> str:
    """What the program ends with; what nobody has sent yet is a 1."""
    monkeypatch.setattr(sys, "argv", ["otp-worker", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    return str(ended.value.code)


def test_a_code_for_a_payment_is_sent_and_its_check_repeats_it(
    gateway: pytest.MonkeyPatch, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(gateway, "send", NUMBER, *PAYMENT, "--wait", "0", "--json") == "1"
    sent = json.loads(capsys.readouterr().out)
    with database.read() as connection:
        row = connection.execute(select(verifications)).one()
    assert (row.id, row.derivation) == (sent["id"], Derivation.LINKED)
    assert Unsealer([SECRET]).open(row.sealed, row.id) == '["12.50","EUR","Corner Shop"]'
    assert "Corner Shop" not in str(sent)
    assert run(gateway, "check", row.id, "123456", *PAYMENT, "--json") == "1"
    assert json.loads(capsys.readouterr().out)["valid"] is False


@pytest.mark.parametrize(
    "words", [["send", NUMBER, "--amount", "12.50"], ["check", "ver_1", "1234", "--payee", "x"]]
)
def test_a_payment_that_is_not_whole_names_what_is_missing(
    gateway: pytest.MonkeyPatch, words: list[str]
) -> None:
    assert "is required where one of amount, currency and payee is given" in run(gateway, *words)


def test_a_code_to_an_address_goes_by_email(
    gateway: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "let the operator set OTP_EMAIL_CODES" in run(gateway, "send", "anna@example.com", "--wait", "0")
    gateway.setenv("OTP_EMAIL_CODES", "true")
    gateway.setenv("OTP_SMTP_URL", "smtp+starttls://otp:secret@127.0.0.1:1")
    gateway.setenv("OTP_SMTP_FROM", "otp@example.com")
    assert run(gateway, "send", "anna@example.com", "--wait", "0", "--json") == "1"
    sent = json.loads(capsys.readouterr().out)
    assert (sent["to"], sent["delivery"]["route"]) == ("a***@example.com", "mail")
    assert "anna" not in str(sent)
