"""The units for systemd: correct, hardened, and one for each process of the Procfile."""

import shutil
import subprocess
from pathlib import Path

import pytest

from otp_worker.service.processes.procfile import OWN_PROCFILE, procfile_commands

ROOT = Path(__file__).resolve().parents[2]
UNITS = sorted((ROOT / "deploy/systemd").iterdir())
SERVICES = [unit for unit in UNITS if unit.suffix == ".service"]
NO_CHECKER = shutil.which("systemd-analyze") is None
NEEDS_CHECKER = pytest.mark.skipif(NO_CHECKER, reason="systemd-analyze is not here: apt-get install systemd")
MOST_EXPOSED = 20
"""In tenths, as `systemd-analyze security --threshold` takes it."""


def checker(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", *arguments], capture_output=True, text=True, check=False, timeout=60
    )


@NEEDS_CHECKER
@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_a_unit_gives_away_little(unit: Path) -> None:
    done = checker("security", "--offline=true", f"--threshold={MOST_EXPOSED}", unit)
    assert done.returncode == 0, done.stdout


@NEEDS_CHECKER
def test_systemd_finds_no_fault_with_the_units(tmp_path: Path) -> None:
    for unit in UNITS:
        # The program is not installed where the tests run.
        text = unit.read_text().replace("/opt/otp-worker/.venv/bin/otp-worker", "/bin/true")
        (tmp_path / unit.name).write_text(text)
    shown = [
        tmp_path / unit.name.replace("@.", f"@{name}.")
        for unit in UNITS
        for name in (procfile_commands(OWN_PROCFILE) if "@" in unit.name else [""])
    ]
    done = checker("verify", "--man=no", *shown)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_target_starts_every_process() -> None:
    target = (ROOT / "deploy/systemd/otp-worker.target").read_text()
    [wanted] = [line.partition("=")[2].split() for line in target.splitlines() if line.startswith("Wants=")]
    assert wanted == [f"otp-worker@{name}.service" for name in procfile_commands(OWN_PROCFILE)]


def test_both_services_are_hardened_alike() -> None:
    def hardening(unit: Path) -> list[str]:
        return unit.read_text().partition("UMask=")[2].partition("\n\n")[0].splitlines()

    first, second = map(hardening, SERVICES)
    assert first == second
    assert "NoNewPrivileges=yes" in first
