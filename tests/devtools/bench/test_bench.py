"""The bench for real, as small as it can be: that it measures everything, and leaves nothing behind."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from otp_worker.devtools.bench.bench import Bench
from otp_worker.devtools.bench.figures import Measured, Measurement, Scenario
from otp_worker.devtools.bench.run import run
from otp_worker.devtools.bench.scenarios import SCENARIOS
from otp_worker.devtools.chaos.scenario import DatabaseKind
from otp_worker.domain.errors import OtpError
from tests.devtools.place import OTP_WORKER, Place

PATIENCE_SECONDS = 600


@pytest.mark.nightly
def test_a_quick_run_measures_every_scenario_and_leaves_nothing_behind(place: Place, tmp_path: Path) -> None:
    file = tmp_path / "bench.json"
    done = subprocess.run(
        [OTP_WORKER, "bench", "--quick", "--json", file],
        env=place.environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert place.left_running == []
    assert list(place.folder.iterdir()) == []
    told = json.loads(file.read_text())
    assert list(told["scenarios"]) == [name for name, each in SCENARIOS.items() if not each.by_name]
    assert told["settings"] == {"rounds": 1, "quick": True, "database": "sqlite"}
    assert {"otp-worker", "python", "celery", "granian", "sqlite", "postgres"} <= told["versions"].keys()
    assert told["machine"]["cores"] >= 1
    assert all(per_s > 0 for per_s in told["ceilings_per_s"].values())
    for name, scenario in told["scenarios"].items():
        assert_is_whole(name, scenario)


def assert_is_whole(name: str, scenario: dict[str, Any]) -> None:
    """Every figure has its baseline, a ratio and a goal, and the scenario its settings."""
    assert scenario["failed"] is None, name
    assert scenario["settings"]["database"].startswith("postgres" if name.endswith("-postgres") else "sqlite")
    assert scenario["measurements"], name
    for measurement in scenario["measurements"]:
        assert len(measurement["subject"]["rounds"]) == len(measurement["baseline"]["rounds"]) == 1
        assert min(measurement["subject"]["rounds"]) > 0, measurement["name"]
        assert min(measurement["baseline"]["rounds"]) > 0, measurement["name"]
        assert measurement["ratio"] > 0, measurement["name"]
        assert measurement["goal"], measurement["name"]


def test_a_scenario_that_fails_says_why_and_the_others_still_run() -> None:
    def fail(_: Bench) -> Measured:
        raise OtpError("there was no broker")

    def measure(_: Bench) -> Measured:
        return Measured([Measurement("codes", "1/s", "nothing", ">= 1", [2.0], [1.0])])

    scenarios = [Scenario("broken", "fails", fail), Scenario("sound", "works", measure)]
    done = run(scenarios, rounds=1, quick=True, database=DatabaseKind.SQLITE, say=lambda _: None)
    broken, sound = done.outcomes
    assert broken.failed == "OtpError: there was no broker"
    assert broken.as_dict()["measurements"] == []
    assert sound.failed is None
    assert sound.measured is not None


def test_a_scenario_that_is_broken_off_is_measured_once_more_and_says_so() -> None:
    tries: Iterator[Measured | Exception] = iter([OtpError("the load broke off"), Measured(())])

    def measure(_: Bench) -> Measured:
        came = next(tries)
        if isinstance(came, Exception):
            raise came
        return came

    sound = [Scenario("shaken", "works at the second try", measure)]
    done = run(sound, rounds=1, quick=True, database=DatabaseKind.SQLITE, say=lambda _: None)
    [outcome] = done.outcomes
    assert outcome.failed is None
    assert outcome.measured is not None
    assert outcome.as_dict()["disturbed"] == "OtpError: the load broke off"


def test_a_scenario_that_does_not_exist_is_named_with_those_that_do() -> None:
    done = subprocess.run(
        [OTP_WORKER, "bench", "--scenario", "nonsense"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "nonsense" in done.stderr
    assert "intake-sqlite" in done.stderr
