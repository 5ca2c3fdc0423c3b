"""`python3 -m otp_worker` and `otp-worker` before anything is installed."""

import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from otp_worker.cli.commands import COMMANDS
from otp_worker.devtools.suite import runs_for
from tests.sharing import WITHOUT_SHARING, service_of

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The package's files in a folder that is no checkout, and where no `.venv` is."""
    compiled = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "otp_worker", tmp_path / "otp_worker", ignore=compiled)
    return tmp_path


@pytest.fixture
def checkout(copy: Path) -> Path:
    """The same in a checkout."""
    (copy / "pyproject.toml").touch()
    return copy


def bare_python(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """The Python under this one, without any package but the standard library's."""
    python = Path(sys.base_prefix) / "bin" / "python3"
    return subprocess.run(
        [python, "-S", "-E", *arguments], cwd=cwd, capture_output=True, text=True, check=False, timeout=60
    )


def test_the_way_in_needs_nothing_but_the_standard_library() -> None:
    done = bare_python("-c", "import otp_worker.__main__")
    assert (done.returncode, done.stderr) == (0, "")


def test_in_a_bare_checkout_other_commands_say_how_to_get_to_them(checkout: Path) -> None:
    done = bare_python("-m", "otp_worker", "migrate", cwd=checkout)
    assert done.returncode == 1
    assert "run `python3 -m otp_worker demo`" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_in_a_bare_checkout_the_help_names_every_command(checkout: Path) -> None:
    done = bare_python("-m", "otp_worker", "--help", cwd=checkout)
    assert (done.returncode, done.stderr) == (0, "")
    assert all(name in done.stdout for name in COMMANDS)
    assert "know the same commands" in done.stdout


def test_with_a_venv_the_other_commands_are_its_own(checkout: Path) -> None:
    python = checkout / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "$@"\n')
    python.chmod(0o755)
    done = bare_python("-m", "otp_worker", "show", "+447400123456", cwd=checkout)
    assert (done.returncode, done.stdout) == (0, "-m otp_worker show +447400123456\n")


@pytest.mark.parametrize(
    ("command", "extra"), [("migrate", "server"), ("web", "server"), ("demo", "demo"), ("--help", "server")]
)
def test_an_installation_without_the_packages_names_the_extra(copy: Path, command: str, extra: str) -> None:
    done = bare_python("-m", "otp_worker", command, cwd=copy)
    assert done.returncode == 1
    assert done.stderr.endswith(f"install otp-worker[{extra}]\n")
    assert len(done.stderr.splitlines()) == 1


def test_a_wrong_option_is_told_before_any_set_up() -> None:
    done = bare_python("-m", "otp_worker", "demo", "--onec")
    assert done.returncode == 2
    assert "unrecognized arguments: --onec" in done.stderr


def test_an_older_python_is_told_which_one_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2, "final", 0))
    with pytest.raises(SystemExit, match=r"needs Python 3\.11 or newer; this is Python 3\.9"):
        runpy.run_path(str(ROOT / "otp_worker" / "__main__.py"))


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
