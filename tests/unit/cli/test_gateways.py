"""``otp-worker gateways``, as an operator and a script use it."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from otp_worker.cli.app import app
from otp_worker.devtools.simulator import Simulator
from otp_worker.domain.gateway import Outcome, OutcomeKind
from otp_worker.domain.ports import utc_now
from otp_worker.domain.sim import Sim
from otp_worker.protection.circuit_breaker import Breaker, Permit
from otp_worker.store.database import Database

KEY = "sk_live_" + "k" * 40


@pytest.fixture
def phone() -> Iterator[Simulator]:
    with Simulator(key=KEY) as simulator:
        yield simulator


@pytest.fixture
def command(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch, phone: Simulator
) -> CliRunner:
    """The command line over a gateways file with two SIMs of one phone."""
    file = tmp_path / "gateways.toml"
    file.write_text(
        f'[gateways.office]\nkind = "mobile_api_connect"\nurl = "{phone.url}"\nkey = "{KEY}"\n'
        '[[gateways.office.sims]]\nname = "main"\nnumber = "+447400000001"\nper_day = 50\n'
        '[[gateways.office.sims]]\nname = "night"\npace_per_minute = 20\ncountries = ["GB"]\n'
    )
    for name, value in {
        "BROKER_URL": "redis://127.0.0.1:1/0",
        "SECRET_KEY": "a root secret of the tests that is long enough",
        "COUNTRIES": "GB",
        "PUBLIC_URL": "",
        "GATEWAYS_FILE": str(file),
    }.items():
        monkeypatch.setenv(f"OTP_{name}", value)
    monkeypatch.setenv("COLUMNS", "200")
    return CliRunner()


def test_every_sim_is_listed_with_what_is_left_of_it(command: CliRunner) -> None:
    listed = json.loads(command.invoke(app, ["gateways", "--json"]).stdout)
    main, night = listed["sims"]
    assert (main["sim"], main["state"], main["serves"]) == ("main", "up", None)
    assert (main["sent_today"], main["per_day"], main["pace_per_minute"]) == (0, 50, None)
    assert (night["sim"], night["pace_per_minute"], night["serves"]) == ("night", 20, ["GB"])
    table = command.invoke(app, ["gateways"]).stdout
    assert "0 of 50" in table
    assert "20/m" in table
    assert main["capabilities"]["push"]
    assert listed["waiting"] == {}
    assert "+447400000001" in command.invoke(app, ["gateways"]).stdout


def test_a_gateway_is_asked_without_sending_anything(command: CliRunner, phone: Simulator) -> None:
    done = command.invoke(app, ["gateways", "test", "office"])
    assert (done.exit_code, done.stdout) == (0, "main: the gateway answers and takes the key\n")
    assert len(phone.messages) == 0


def test_a_test_sms_leaves_over_the_sim_that_is_named(command: CliRunner, phone: Simulator) -> None:
    done = command.invoke(app, ["gateways", "test", "night", "--send", "+447400123456"])
    assert (done.exit_code, done.stdout) == (0, "night: accepted by the gateway\n")
    assert [message.to for message in phone.messages] == ["+447400123456"]


def test_a_phone_that_is_offline_fails_the_test(command: CliRunner, phone: Simulator) -> None:
    phone.knobs.set(offline=True)
    done = command.invoke(app, ["gateways", "test", "night", "--send", "+447400123456"])
    assert done.exit_code == 1
    assert "no paired phone is online" in done.stdout


def test_a_gateway_that_asked_to_wait_is_tried_at_once_when_the_operator_says_so(
    command: CliRunner, tmp_path: Path
) -> None:
    db, now = Database(f"sqlite:///{tmp_path}/otp.db"), utc_now()
    sim, breaker = Sim("main", "office"), Breaker(db, 30)
    permit = breaker.allow(breaker.state("office"), sim, now, now)
    assert isinstance(permit, Permit)
    breaker.record(permit, Outcome(OutcomeKind.THROTTLED, "fewer, please", retry_after_seconds=600), now)
    main, night = json.loads(command.invoke(app, ["gateways", "--json"]).stdout)["sims"]
    assert (main["state"], night["state"]) == (f"asked to wait since {now:%H:%M:%S}Z: fewer, please", "up")
    done = command.invoke(app, ["gateways", "retry", "office"])
    assert (done.exit_code, done.stdout) == (
        0,
        "office: the next message that waits for it is tried at once\n",
    )
    later = now + timedelta(seconds=1)
    assert isinstance(breaker.allow(breaker.state("office"), sim, later, later), Permit)
    told = command.invoke(app, ["gateways", "retry", "office", "--json"]).stdout
    assert json.loads(told) == {"gateway": "office"}
    db.close()


def test_a_name_that_is_not_there_is_told_with_those_that_are(command: CliRunner) -> None:
    done = command.invoke(app, ["gateways", "test", "nowhere"])
    assert done.exit_code == 1
    assert "there are main, night" in str(done.exception)


def test_a_country_that_no_sim_serves_stops_the_start(
    command: CliRunner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "gateways.toml"
    file.write_text(file.read_text().replace("per_day = 50", 'countries = ["GB"]'))
    monkeypatch.setenv("OTP_COUNTRIES", "GB,FR")
    done = command.invoke(app, ["gateways"])
    assert str(done.exception) == "OTP_COUNTRIES: no SIM in OTP_GATEWAYS_FILE serves FR"
