"""The doors for Django's packages, each tried with the real package."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_django_two_factor_auth_signs_in_by_the_code_of_our_sms(
    migrated_sqlite: Path, tmp_path: Path
) -> None:
    path = shutil.copy(migrated_sqlite, tmp_path / "otp.db")
    program = [sys.executable, "-m", "tests.contrib.login_with_two_factor", f"sqlite:///{path}"]
    done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
