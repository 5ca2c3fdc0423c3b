"""Ctrl-C during a run of many processes."""

import signal
import subprocess
from pathlib import Path

import pytest

from tests.devtools.place import OTP_WORKER, Place
from tests.waiting import awaited

COMMANDS = {
    "bench": ["--quick", "--scenario", "intake-gateway"],
    "chaos": ["--minutes", "0.5", "--seed", "1", "--keep"],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_an_interrupted_run_leaves_nothing_behind(command: str, place: Place, tmp_path: Path) -> None:
    kept = [str(tmp_path)] if command == "chaos" else []
    run = subprocess.Popen(
        [str(OTP_WORKER), command, *COMMANDS[command], *kept],
        env=place.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # A group of its own: the signal goes to the command alone, which has to end the others.
        start_new_session=True,
    )
    try:
        assert awaited(lambda: any("beat" in line for line in place.left_running), 60)
        run.send_signal(signal.SIGINT)
        output, _ = run.communicate(timeout=60)
    finally:
        run.kill()
        run.communicate()
    assert run.returncode == 130, output
    assert place.left_running == []
    assert list(place.folder.iterdir()) == []
