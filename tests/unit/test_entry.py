"""`python3 -m otp_worker` and `otp-worker` before anything is installed."""

import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from otp_worker.cli.commands import COMMANDS

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
