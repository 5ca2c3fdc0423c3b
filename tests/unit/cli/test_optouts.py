"""``otp-worker optouts``, as an operator and a script use it."""

import json

import pytest
from typer.testing import CliRunner

from otp_worker.cli.app import app
from otp_worker.domain.keyring import Keyring
from otp_worker.domain.ports import utc_now
from otp_worker.store import opt_outs
from otp_worker.store.database import Database

NUMBER = "+447400123456"


@pytest.fixture
def command(database: Database, keyring: Keyring) -> CliRunner:
    """The command line over a database in which a number is opted out."""
    now = utc_now()
    with database.write() as connection:
        opt_outs.stop(connection, keyring.number_hashes(NUMBER), "+44********56", now, now)
    return CliRunner()


def test_opt_outs_are_listed_without_their_numbers(command: CliRunner) -> None:
    (row,) = json.loads(command.invoke(app, ["optouts", "--json"]).stdout)
    assert row["number_masked"] == "+44********56"
    assert NUMBER not in command.invoke(app, ["optouts"]).stdout


def test_an_opt_out_is_removed_once(command: CliRunner) -> None:
    done = command.invoke(app, ["optouts", "remove", "+44 7400 123456"])
    assert (done.exit_code, done.stdout) == (0, "+44********56 may be sent to again\n")
    again = command.invoke(app, ["optouts", "remove", NUMBER])
    assert (again.exit_code, str(again.exception)) == (1, "+44********56 is not opted out")
