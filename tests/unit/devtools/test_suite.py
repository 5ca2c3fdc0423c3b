"""`python3 -m otp_worker test`: which tests run together, and what becomes of one that never ends."""

import subprocess
import sys
from pathlib import Path

import pytest

from otp_worker.devtools.suite import runs_for
from tests.sharing import WITHOUT_SHARING, service_of

ROOT = Path(__file__).resolve().parents[3]


def test_every_folder_of_tests_is_in_one_run_and_in_one_only() -> None:
    together, services = runs_for([])
    left_out = {argument.removeprefix("--ignore=") for argument in together if "--ignore=" in argument}
    assert "tests" in together
    assert left_out == {argument for argument in services if argument.startswith("tests/")}


@pytest.mark.parametrize("arguments", [["tests/api"], ["-k", "resend"], ["--nightly"], ["--quick", "-x"]])
def test_what_is_asked_for_is_one_run(arguments: list[str]) -> None:
    (run,) = runs_for(arguments)
    assert run[-1] in (arguments[-1], "nightly")


def test_who_shares_a_service_is_given_to_one_process() -> None:
    faults, log = "tests/acceptance/test_faults.py", "tests/acceptance/test_log.py"
    assert service_of(f"{faults}::test_a[sqlite-web]") == service_of(f"{log}::test_b[two words-sqlite]")
    assert service_of(f"{faults}::test_a[sqlite-web]") != service_of(f"{faults}::test_a[postgres-web]")
    sims = "tests/acceptance/test_sims.py"
    assert service_of(f"{sims}::test_a") == service_of(f"{sims}::test_b[x]") == sims
    assert (
        service_of("tests/contract/store/test_trail.py::test_a[sqlite]")
        == "tests/contract/store/test_trail.py"
    )


@pytest.mark.parametrize("file", sorted(WITHOUT_SHARING))
def test_who_shares_nothing_goes_to_any_process(file: str) -> None:
    code = (ROOT / file).read_text()
    assert "scope=" not in code
    assert "shop" not in code
    assert service_of(f"{file}::test_a") != service_of(f"{file}::test_b")


def test_the_seconds_of_each_slow_test_are_printed_at_the_end() -> None:
    for run in runs_for([]):
        assert {"--durations=0", "--durations-min=2"} <= set(run)


def test_a_test_that_never_ends_is_named_and_the_run_goes_on(tmp_path: Path) -> None:
    (tmp_path / "test_stuck.py").write_text(
        "import threading\n\ndef test_waits():\n    threading.Event().wait()\n\ndef test_works():\n    pass\n"
    )
    limits = ["--numprocesses=1", "--override-ini=faulthandler_timeout=1"]
    command = [sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"), *limits, "test_stuck.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert "test_waits" in done.stdout
    assert "1 failed, 1 passed" in done.stdout


def test_a_test_of_the_night_may_take_longer() -> None:
    (run,) = runs_for(["--nightly"])
    assert "--override-ini=faulthandler_timeout=3600" in run
