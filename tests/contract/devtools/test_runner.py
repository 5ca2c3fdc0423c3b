"""``otp-worker start``: what dies is started again, and all is stopped in order."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from otp_worker.cli.start import _check_ports, start
from otp_worker.devtools.processes.environment import child_environment
from otp_worker.domain.errors import ConfigurationError
from otp_worker.service.processes.ledger import birth_mark
from otp_worker.service.processes.procfile import OWN_PROCFILE, procfile_commands
from otp_worker.service.processes.runner import Runner
from tests.waiting import awaited

# Notes each start in a file of its name, and lives until it is told to end, which it notes too.
LIVES = "echo $$ >> {0}; trap 'echo ended {0} >> order; exit 0' TERM; while :; do sleep 0.05; done"
DIES = "echo $$ >> {0}; exit 3"


def _runner(folder: Path, **commands: str) -> Runner:
    written = {name: command.format(name) for name, command in commands.items()}
    return Runner(written, folder / "state" / "start", cwd=folder, env=dict(child_environment({})))


@contextmanager
def running(runner: Runner) -> Iterator[None]:
    """Run in a thread during the block, and stop in order at its end."""
    stopping = threading.Event()
    thread = threading.Thread(target=runner.run, args=(stopping,))
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()


def _starts(folder: Path, name: str) -> list[int]:
    file = folder / name
    return [int(pid) for pid in file.read_text().split()] if file.exists() else []


def test_what_is_killed_is_started_again_and_the_others_go_on(tmp_path: Path) -> None:
    with running(_runner(tmp_path, web=LIVES, worker=LIVES)):
        assert awaited(lambda: len(_starts(tmp_path, "web")) == len(_starts(tmp_path, "worker")) == 1)
        os.kill(_starts(tmp_path, "web")[0], signal.SIGKILL)
        assert awaited(lambda: len(_starts(tmp_path, "web")) == 2)
        assert len(_starts(tmp_path, "worker")) == 1


def test_what_cannot_live_does_not_end_the_others(tmp_path: Path) -> None:
    with running(_runner(tmp_path, flower=DIES, worker=LIVES)):
        assert awaited(lambda: len(_starts(tmp_path, "flower")) >= 2)
        assert birth_mark(_starts(tmp_path, "worker")[0]) is not None


def test_what_brings_new_work_is_stopped_before_what_finishes_it(tmp_path: Path) -> None:
    names = ("web", "worker", "upkeep", "beat", "flower")
    with running(_runner(tmp_path, **dict.fromkeys(names, LIVES))):
        assert awaited(lambda: all(_starts(tmp_path, name) for name in names))
    ended = [line.split()[1] for line in (tmp_path / "order").read_text().splitlines()]
    assert set(ended[:2]) == {"web", "beat"}
    assert set(ended[2:]) == {"worker", "upkeep", "flower"}


def test_a_second_one_on_the_same_state_folder_is_refused(tmp_path: Path) -> None:
    with running(_runner(tmp_path, web=LIVES)):
        assert awaited(lambda: bool(_starts(tmp_path, "web")))
        with pytest.raises(ConfigurationError, match="OTP_STATE_DIR: web runs already"):
            _runner(tmp_path, web=LIVES).run(threading.Event())
        with running(_runner(tmp_path, worker=LIVES)):
            assert awaited(lambda: bool(_starts(tmp_path, "worker")))
    assert len(_starts(tmp_path, "web")) == 1


def test_what_a_killed_runner_left_behind_is_ended_by_the_next(tmp_path: Path) -> None:
    program = (
        "import threading; from pathlib import Path; from otp_worker.service.processes.runner import Runner;"
        f"commands = {{'web': {LIVES.format('web')!r}}};"
        "Runner(commands, Path('state/start'), cwd=Path('.'), env={}).run(threading.Event())"
    )
    runner = subprocess.Popen([sys.executable, "-c", program], cwd=tmp_path, env=child_environment({}))
    ledger = tmp_path / "state/start/web/processes.json"
    assert awaited(lambda: ledger.exists() and bool(_starts(tmp_path, "web")))
    runner.kill()
    runner.wait()
    [orphan] = _starts(tmp_path, "web")
    assert birth_mark(orphan) is not None
    with running(_runner(tmp_path, web=LIVES)):
        assert awaited(lambda: len(_starts(tmp_path, "web")) == 2)
        assert birth_mark(orphan) is None


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where we are: a Procfile whose processes would leave a trace, and none of the variables."""
    (tmp_path / "Procfile").write_text("web: exec touch ran\nbeat: exec touch ran\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_what_is_missing_is_named_before_anything_runs(checkout: Path) -> None:
    with pytest.raises(ConfigurationError, match="OTP_SECRET_KEY: is not set"):
        start()
    assert not (checkout / "ran").exists()


def test_a_process_that_there_is_not_is_named_with_those_there_are(checkout: Path) -> None:
    with pytest.raises(ConfigurationError, match="there is no process wbe; there are web, beat"):
        start(["beat", "wbe", "web-2"])


def test_without_a_procfile_here_it_runs_the_one_of_its_version(checkout: Path) -> None:
    (checkout / "Procfile").unlink()
    with pytest.raises(ConfigurationError, match="there are web, worker, upkeep, beat, flower, console"):
        start(["wbe"])


def test_a_procfile_that_is_not_there_is_named(checkout: Path) -> None:
    with pytest.raises(ConfigurationError, match="there is no elsewhere/Procfile"):
        start(procfile=Path("elsewhere/Procfile"))


def test_what_is_wrong_once_leftovers_have_ended_starts_nothing(tmp_path: Path) -> None:
    def refuse() -> None:
        raise ConfigurationError("PORT: port 8000 is taken")

    with pytest.raises(ConfigurationError, match="PORT: port 8000 is taken"):
        _runner(tmp_path, web=LIVES).run(threading.Event(), refuse)
    assert _starts(tmp_path, "web") == []


def test_a_port_that_is_taken_is_said_of_our_own_commands_alone() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        environment = {"PORT": str(taken.getsockname()[1])}
        _check_ports({"web": "exec somebody-elses --port 9000", "worker": "exec work"}, environment)
        with pytest.raises(ConfigurationError, match=r"^PORT: port \d+ of 127.0.0.1 is taken"):
            _check_ports(procfile_commands(OWN_PROCFILE), environment)
