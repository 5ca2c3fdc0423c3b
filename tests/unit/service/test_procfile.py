"""The Procfile's lines as commands."""

import shlex
import subprocess
from pathlib import Path

import pytest

from otp_worker.service.processes.procfile import procfile_commands

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def procfile(tmp_path: Path) -> Path:
    file = tmp_path / "Procfile"
    file.write_text("# a comment\nweb: exec serve --port ${PORT:-8000}\n\nworker: exec work\n")
    return file


def test_each_line_is_a_command_under_its_name(procfile: Path) -> None:
    assert procfile_commands(procfile) == {"web": "exec serve --port ${PORT:-8000}", "worker": "exec work"}


def test_copies_are_numbered_and_none_is_left_out(procfile: Path) -> None:
    assert list(procfile_commands(procfile, {"web": 0, "worker": 2})) == ["worker.1", "worker.2"]


def test_copies_of_a_line_that_is_not_there_are_refused(procfile: Path) -> None:
    with pytest.raises(KeyError, match="no line named werker"):
        procfile_commands(procfile, {"werker": 2})


def test_ours_has_a_line_per_process_and_each_becomes_its_program() -> None:
    commands = procfile_commands(ROOT / "Procfile")
    assert list(commands) == ["web", "worker", "upkeep", "beat", "flower", "console"]
    # Without exec, a shell would stand between a runner's signals and the program.
    assert all(command.startswith("exec ") for command in commands.values())


@pytest.mark.parametrize(
    ("instance", "said"), [("web", "serves 8000"), ("worker", "works"), ("worker-2", "works")]
)
def test_a_systemd_unit_runs_the_line_of_its_name_up_to_the_dash(
    tmp_path: Path, instance: str, said: str
) -> None:
    (tmp_path / "Procfile").write_text("web: exec echo serves ${PORT:-8000}\nworker: exec echo works\n")
    unit = (ROOT / "deploy/systemd/otp-worker@.service").read_text()
    [started] = [
        line.removeprefix("ExecStart=") for line in unit.splitlines() if line.startswith("ExecStart=")
    ]
    # What systemd makes of its specifiers and escapes before it runs a command (systemd.service(5)).
    command = started.replace("%i", instance).replace("%%", "%").replace("$$", "$")
    ended = subprocess.run(
        shlex.split(command), cwd=tmp_path, capture_output=True, text=True, env={}, check=True
    )
    assert ended.stdout.strip() == said
