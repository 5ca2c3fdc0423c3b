"""The file that says that a worker's loop turns."""

import os
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from otp_worker.service import alive as module
from otp_worker.service.alive import EVERY_SECONDS, Alive, TurningLoop
from otp_worker.service.consumer import ResilientConsumer

ROOT = Path(__file__).resolve().parents[3]
PROBE = next(
    line
    for line in (ROOT / "deploy/README.md").read_text().splitlines()
    if line.startswith('find "$OTP_STATE_DIR"')
)


@pytest.fixture
def alive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Alive:
    """The file of this process, named as a worker's."""
    made = Alive()
    made.name(tmp_path, f"deliver-slot1@{os.uname().nodename}")
    for place in ("alive", "consumer"):
        monkeypatch.setattr(f"otp_worker.service.{place}.alive", made)
    return made


def probe(folder: Path) -> int:
    """What the probe of the README says: 0 for a worker whose loop turns."""
    environment = {"PATH": os.environ["PATH"], "OTP_STATE_DIR": str(folder)}
    return subprocess.run(["sh", "-c", PROBE], env=environment, check=False, timeout=30).returncode


def test_the_probe_finds_a_loop_that_turns_and_misses_one_that_stands_still(alive: Alive) -> None:
    assert alive.file is not None
    folder = alive.file.parent
    assert probe(folder) == 1
    alive.touch()
    assert probe(folder) == 0
    os.utime(alive.file, (1, 1))
    assert probe(folder) == 1


def test_it_is_touched_by_the_loops_timer_and_every_few_seconds_at_most(
    alive: Alive, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = 0.0
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: seconds))
    timers: list[tuple[float, object]] = []
    timer = SimpleNamespace(call_repeatedly=lambda *each: timers.append(each))
    TurningLoop(SimpleNamespace()).start(SimpleNamespace(timer=timer))
    assert alive.file is not None
    assert timers == [(EVERY_SECONDS, alive.touch)]
    os.utime(alive.file, (1, 1))
    seconds = EVERY_SECONDS - 0.1
    alive.touch()
    assert alive.file.stat().st_mtime == 1
    seconds = EVERY_SECONDS
    alive.touch()
    assert alive.file.stat().st_mtime > 1


def test_a_worker_that_waits_for_its_broker_is_alive(alive: Alive, monkeypatch: pytest.MonkeyPatch) -> None:
    consumer: ResilientConsumer = object.__new__(ResilientConsumer)
    monkeypatch.setattr("otp_worker.service.consumer.PAUSES_SECONDS", (0.01,))
    consumer.on_connection_error_before_connected(ValueError("away"))
    assert alive.file is not None
    assert alive.file.exists()


def test_a_folder_that_takes_no_file_ends_no_worker(alive: Alive) -> None:
    assert alive.file is not None
    alive.file = alive.file.parent / "absent" / "a.alive"
    alive.touch()
    assert not alive.file.exists()


@pytest.mark.parametrize("file", ["kubernetes/base/worker.yaml", "kubernetes/base/upkeep.yaml"])
def test_the_files_ask_the_same(file: str) -> None:
    asked = PROBE.replace('"$OTP_STATE_DIR"', "/var/lib/otp-worker")
    assert asked in (ROOT / "deploy" / file).read_text()
    for compose in ("sqlite", "postgres"):
        written = (ROOT / "deploy/compose" / f"{compose}.yaml").read_text()
        assert asked.replace("$(", "$$(") in written
        assert written.count("*alive") == 1
