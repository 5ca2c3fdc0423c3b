"""One step of set-up: quiet, logged, and ended with us."""

from pathlib import Path

import pytest

from otp_worker.devtools.setup.step import SetupError, SetupStep
from otp_worker.service.processes.errors import BusyError
from otp_worker.service.processes.ledger import birth_mark
from otp_worker.service.processes.lock import locked
from tests.waiting import awaited


@pytest.fixture
def log(tmp_path: Path) -> Path:
    file = tmp_path / "setup.log"
    file.touch()
    return file


def step(log: Path, lock: int = 2) -> SetupStep:
    return SetupStep(log, log.parent, lock)


def test_a_step_is_told_in_two_lines_and_its_output_goes_to_the_log(
    log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    step(log).run("Installing", ["/bin/sh", "-c", "echo Collecting celery"])
    first, second = capsys.readouterr().err.splitlines()
    assert first == "Installing ..."
    assert second.startswith("Installing: done in ")
    assert log.read_text() == "Collecting celery\n"


def test_a_step_that_fails_says_why_in_a_sentence_and_where_its_log_is(log: Path) -> None:
    with pytest.raises(SetupError, match=r"^set-up failed: the disk is full\. All .* in .*setup\.log\.$"):
        step(log).run("Installing", ["/bin/sh", "-c", "echo No space left on device; exit 1"])


def test_packages_are_told_with_their_bytes(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    into = tmp_path / "made"
    fill = f"mkdir '{into}' && head -c 3000000 /dev/zero > '{into}/package'"
    step(log).run("Installing 2 locked packages", ["/bin/sh", "-c", fill], into=into)
    assert "Installing 2 locked packages: 3 MB on the disk, done in " in capsys.readouterr().err


def test_on_a_terminal_a_line_shows_how_many_packages_are_there(
    log: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    step(log).run(
        "Installing", ["/bin/sh", "-c", "echo Collecting celery; echo Collecting vine; sleep 0.3"], 84
    )
    assert "Installing, 2 of 84, 0 s" in capsys.readouterr().err


def test_somebodys_settings_for_other_installs_do_not_apply(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PYTHONPATH", "PIP_TARGET", "PIP_USER"):
        monkeypatch.setenv(name, "elsewhere")
    step(log).run("Installing", ["/usr/bin/env"])
    assert "elsewhere" not in log.read_text()


def test_an_interrupted_step_leaves_no_process(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        assert awaited(lambda: log.read_text().endswith("\n"))
        raise KeyboardInterrupt

    monkeypatch.setattr(SetupStep, "_watch", interrupted)
    with pytest.raises(KeyboardInterrupt):
        step(log).run("Installing", ["/bin/sh", "-c", "sleep 65 & echo $! $$; wait"])
    child, leader = (int(pid) for pid in log.read_text().split())
    assert birth_mark(leader) is None
    assert awaited(lambda: birth_mark(child) is None)


def test_the_lock_outlives_us_while_a_step_still_writes(log: Path, tmp_path: Path) -> None:
    with locked(tmp_path / "lock") as lock, log.open("ab") as output:
        program = step(log, lock)._started(["/bin/sleep", "66"], output.fileno())
    with program:
        try:
            with pytest.raises(BusyError), locked(tmp_path / "lock"):
                pass
        finally:
            program.kill()
    with locked(tmp_path / "lock"):
        pass
