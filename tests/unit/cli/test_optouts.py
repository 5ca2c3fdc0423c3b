"""``otp-worker optouts``, as an operator and a script use it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from otp_worker.cli.app import app
from otp_worker.domain.keyring import Keyring
from otp_worker.domain.ports import utc_now
from otp_worker.store import opt_outs
from otp_worker.store.database import Database

NUMBER = "+447400123456"
SECRET = "a root secret of the tests that is long enough"


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """The command line over a database in which a number is opted out."""
    url = f"sqlite:///{tmp_path}/otp.db"
    for name, value in {
        "DATABASE_URL": url,
        "BROKER_URL": "redis://127.0.0.1:1/0",
        "SECRET_KEY": SECRET,
        "COUNTRIES": "GB",
        "PUBLIC_URL": "",
    }.items():
        monkeypatch.setenv(f"OTP_{name}", value)
    runner = CliRunner()
    assert runner.invoke(app, ["migrate"]).exit_code == 0
    db = Database(url)
    with db.write() as connection:
        now = utc_now()
        opt_outs.stop(connection, Keyring([SECRET]).number_hashes(NUMBER), "+44********56", now, now)
    db.close()
    return runner


def test_opt_outs_are_listed_without_their_numbers(command: CliRunner) -> None:
    (row,) = json.loads(command.invoke(app, ["optouts", "--json"]).stdout)
    assert row["number_masked"] == "+44********56"
    assert NUMBER not in command.invoke(app, ["optouts"]).stdout


def test_an_opt_out_is_removed_once(command: CliRunner) -> None:
    done = command.invoke(app, ["optouts", "remove", "+44 7400 123456"])
    assert (done.exit_code, done.stdout) == (0, "+44********56 may be sent to again\n")
    again = command.invoke(app, ["optouts", "remove", NUMBER])
    assert (again.exit_code, str(again.exception)) == (1, "+44********56 is not opted out")
