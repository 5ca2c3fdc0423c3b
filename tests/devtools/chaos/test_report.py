"""What a run writes for scripts."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from otp_worker.cli.app import app
from otp_worker.devtools.chaos import cli
from otp_worker.devtools.chaos.accounting import account
from otp_worker.devtools.chaos.breaches import Breach
from otp_worker.devtools.chaos.plan import BROKER, Fault, Kind
from otp_worker.devtools.chaos.records import Span
from otp_worker.devtools.chaos.run import Result
from otp_worker.devtools.chaos.supervisor import Death
from tests.devtools.chaos.records import records

BEGUN = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def result(*, lost: bool) -> Result:
    found = records(verifications=[], deliveries=[], journal=[]) if lost else records()
    return Result(
        account=account(found, worker_kills=2, concurrency=16, dedupe=False),
        servers="redis 7, sqlite",
        died=[Death("web", "exit 1", "the end")] if lost else [],
        kills=20,
        spans=[Span(Fault(3.0, 1.0, Kind.KILL, BROKER), BEGUN, BEGUN + timedelta(seconds=1))],
        recoveries=[0.5, 0.7],
        returns=[],
        delays=[0.1] * 100,
        flooded=[],
        replies=(3, 3),
        latencies=[0.01],
        settled_seconds=2.5,
    )


@pytest.mark.parametrize("lost", [False, True])
def test_everything_that_is_printed_is_in_the_file_and_the_exit_code_is_as_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: bool
) -> None:
    monkeypatch.setattr(cli, "run", lambda *_: result(lost=lost))
    file = tmp_path / "chaos.json"
    words = ["chaos", "--seed", "7", "--minutes", "1", "--keep", str(tmp_path), "--json", str(file)]
    assert CliRunner().invoke(app, words).exit_code == int(lost)
    told = json.loads(file.read_text())
    assert (told["settings"]["seed"], told["settings"]["seconds"]) == (7, 60)
    assert told["account"]["asked"] == told["account"]["accepted"] == 1
    assert told["faults"][0] == {
        "kind": "kill",
        "target": "broker",
        "by_seconds": 0,
        "begun_at": "2026-03-01T12:00:00+00:00",
        "healed_at": "2026-03-01T12:00:01+00:00",
    }
    assert told["seconds"]["recoveries"] == {"times": 2, "median": 0.6, "p99": 0.7, "max": 0.7}
    assert told["seconds"]["returns"] is None
    assert set(told["breaches"]) == {breach.value for breach in Breach}
    assert (told["breaches"]["lost"], told["breaches"]["died"]) == (int(lost), int(lost))
    assert len(told["findings"]) == 2 * lost
