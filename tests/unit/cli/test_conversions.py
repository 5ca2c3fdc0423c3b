"""``otp-worker conversions``, as an operator and a script use it."""

import json
from datetime import timedelta

import pytest
from typer.testing import CliRunner

from otp_worker.cli.app import app
from otp_worker.domain.ports import utc_now
from otp_worker.store.database import Database
from tests.contract.operations.sent import write


@pytest.fixture
def command(database: Database, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """The command line over a database with codes of two apps."""
    monkeypatch.setenv("COLUMNS", "200")
    an_hour_ago = utc_now() - timedelta(hours=1)
    for n, name in enumerate(("shop", "shop", "bank")):
        write(database, f"{n:026}", an_hour_ago, app=name, delivered_after=None if n else 2.0)
    write(database, f"{9:026}", utc_now() - timedelta(days=3), app="shop", country="FR", status="expired")
    return CliRunner()


def test_the_figures_are_shown_with_their_shares_and_their_sum(command: CliRunner) -> None:
    shown = command.invoke(app, ["conversions", "--by", "app"]).stdout
    lines = [line.replace("│", " ").split() for line in shown.splitlines() if "%" in line]
    assert lines[1:] == [
        ["shop", "2", "1", "2", "50.0%", "100.0%"],
        ["bank", "1", "0", "1", "0.0%", "100.0%"],
        ["all", "3", "1", "3", "33.3%", "100.0%"],
    ]
    assert "may still arrive and be entered" in shown


def test_a_script_gets_the_same_figures(command: CliRunner) -> None:
    asked = ["conversions", "--days", "4", "--app", "shop", "--country", "fr", "--json"]
    found = json.loads(command.invoke(app, asked).stdout)
    assert found["total"]["sent"] == 1
    [group] = found["groups"]
    assert (group["value"], group["sent"], group["approved"], group["approved_share"]) == ("FR", 1, 0, 0.0)
    hours = json.loads(command.invoke(app, ["conversions", "--by", "hour", "--json"]).stdout)["groups"]
    assert len(hours) == 25
    assert sum(each["sent"] for each in hours) == 3


def test_what_cannot_be_told_is_said(command: CliRunner) -> None:
    done = command.invoke(app, ["conversions", "--by", "hour", "--days", "30"])
    assert done.exit_code != 0
    assert "kept for 8 days" in str(done.exception)
