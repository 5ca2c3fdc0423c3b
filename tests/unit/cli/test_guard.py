"""``otp-worker guard``, as an operator and a script use it."""

import json

import pytest
from typer.testing import CliRunner

from otp_worker.cli.app import app
from otp_worker.domain.keyring import Keyring
from otp_worker.domain.limits import Limits
from otp_worker.domain.ports import utc_now
from otp_worker.domain.pumping import Figures, PumpedKind, Usual
from otp_worker.store import pauses
from otp_worker.store.database import Database
from otp_worker.store.pauses import Suspect

NUMBER = "+447400123456"


@pytest.fixture
def command(database: Database, keyring: Keyring, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """The command line over a database in which a block is paused."""
    monkeypatch.setenv("COLUMNS", "200")
    block = Limits(keyring).block_hash(NUMBER)
    suspect = Suspect(PumpedKind.BLOCK, "shop", block, "+44740012****", Figures(30, 0), Usual(4.0, 0.75))
    pauses.pause(database, suspect, 3600, [], utc_now())
    return CliRunner()


def listed(command: CliRunner) -> dict[str, str]:
    """The state of each label."""
    rows = json.loads(command.invoke(app, ["guard", "--json"]).stdout)
    return {row["label"]: row["state"] for row in rows}


def test_a_pause_is_listed_with_its_reason(command: CliRunner) -> None:
    assert listed(command) == {"+44740012****": "paused"}
    (row,) = json.loads(command.invoke(app, ["guard", "--json"]).stdout)
    assert row["app"] == "shop"
    shown = command.invoke(app, ["guard"]).stdout
    assert "+44740012****" in shown
    assert "shop" in shown
    assert "0 of 30 codes entered in an hour" in shown


@pytest.mark.parametrize("verb", ["lift", "exempt"])
def test_a_pause_is_ended_and_the_block_watched_again(command: CliRunner, verb: str) -> None:
    done = command.invoke(app, ["guard", verb, NUMBER])
    assert (done.exit_code, "+44740012****" in done.stdout) == (0, True)
    assert listed(command) == {"+44740012****": "exempt"}
    command.invoke(app, ["guard", "watch", NUMBER])
    assert listed(command) == {"+44740012****": "paused"}


def test_a_country_is_exempt_before_it_was_ever_paused(command: CliRunner) -> None:
    command.invoke(app, ["guard", "exempt", "fr"])
    assert listed(command)["FR"] == "exempt"
    assert "-" in command.invoke(app, ["guard"]).stdout
