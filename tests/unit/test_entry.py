"""`python3 -m otp_worker` before anything is installed."""

import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from otp_worker.__main__ import runs_for

ROOT = Path(__file__).resolve().parents[2]


def bare_python(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The Python under this one, without any package but the standard library's."""
    python = Path(sys.base_prefix) / "bin" / "python3"
    return subprocess.run(
        [python, "-S", "-E", *arguments], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )


def test_the_way_in_needs_nothing_but_the_standard_library() -> None:
    done = bare_python("-c", "import otp_worker.__main__")
    assert (done.returncode, done.stderr) == (0, "")


def test_other_commands_say_how_to_get_to_them() -> None:
    done = bare_python("-m", "otp_worker", "migrate")
    assert done.returncode == 2
    assert "python3 -m otp_worker demo" in done.stderr
    assert ".venv/bin/otp-worker" in done.stderr


def test_a_wrong_option_is_told_before_any_set_up() -> None:
    done = bare_python("-m", "otp_worker", "demo", "--onec")
    assert done.returncode == 2
    assert "unrecognized arguments: --onec" in done.stderr


def test_an_older_python_is_told_which_one_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2, "final", 0))
    with pytest.raises(SystemExit, match=r"needs Python 3\.11 or newer; this is Python 3\.9"):
        runpy.run_path(str(ROOT / "otp_worker" / "__main__.py"))


def test_every_folder_of_tests_is_in_one_run_and_in_one_only() -> None:
    together, alone = runs_for([])
    left_out = {argument.removeprefix("--ignore=") for argument in together if "--ignore=" in argument}
    assert "tests" in together
    assert left_out == {argument for argument in alone if argument.startswith("tests/")}


@pytest.mark.parametrize("arguments", [["tests/api"], ["-k", "resend"], ["--nightly"], ["--quick", "-x"]])
def test_what_is_asked_for_is_one_run(arguments: list[str]) -> None:
    (run,) = runs_for(arguments)
    assert run[-1] in (arguments[-1], "nightly")
