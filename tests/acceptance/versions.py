"""Versions of this service as files and programs: this checkout, and an earlier one unpacked beside it."""

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from otp_worker.devtools.processes.environment import child_environment
from otp_worker.devtools.processes.stack import ROOT
from otp_worker.service.processes.procfile import procfile_commands

COPIES = {"web": 2, "worker": 2, "flower": 0}
_COMMAND_SECONDS = 60
_SETUP_SECONDS = 600


@dataclass(frozen=True)
class Version:
    """A checkout, and the folder of the programs that were installed with its own lock."""

    root: Path
    programs: Path

    @property
    def environment(self) -> dict[str, str]:
        """What makes the names in its Procfile mean its own programs."""
        return {"PATH": os.pathsep.join([str(self.programs), os.environ.get("PATH", os.defpath)])}

    def command(self, name: str) -> str:
        """The shell command of a process of its Procfile, from any folder."""
        return (
            f"cd {shlex.quote(str(self.root))} && {procfile_commands(self.root / 'Procfile', COPIES)[name]}"
        )

    def run(self, settings: Mapping[str, str], *arguments: str) -> str:
        """What its ``otp-worker`` command prints; fails the test where the command fails."""
        done = subprocess.run(
            [self.programs / "otp-worker", *arguments],
            env=child_environment({**settings, **self.environment}),
            cwd=self.root,
            capture_output=True,
            text=True,
            timeout=_COMMAND_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


def this_version() -> Version:
    """The checkout that the tests are in."""
    return Version(ROOT, Path(sys.executable).parent)


def earlier_version(commit: str, folder: Path) -> Version:
    """A commit unpacked and installed in ``folder``; skips where the history does not hold it."""
    archive = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=False)
    if archive.returncode != 0:
        pytest.skip(f"a shallow clone: commit {commit} is not in this checkout's history")
    subprocess.run(["tar", "-x"], cwd=folder, input=archive.stdout, check=True)
    # It makes its `.venv` by itself, as it did for whoever had it; the environment of this one is not its.
    python = Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}"
    setup = subprocess.run(
        [python, "-m", "otp_worker", "test", "--version"],
        env=child_environment({}),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=_SETUP_SECONDS,
        check=False,
    )
    assert setup.returncode == 0, setup.stdout + setup.stderr
    return Version(folder, folder / ".venv" / "bin")
