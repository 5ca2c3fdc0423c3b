"""`python3 -m otp_worker demo` as a newcomer runs it: real processes, a real broker, a simulated phone."""

import json
import os
import pty
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from otp_worker.service.processes.lock import locked
from tests.acceptance.demo_doors import (
    assert_everything_answers,
    assert_the_phone_checks_a_code,
    follow_the_first_steps,
)

ROOT = Path(__file__).resolve().parents[2]
PROCESSES = ["broker", "phone", "web", "worker", "upkeep", "beat", "flower", "console"]
LONG_ENOUGH_SECONDS = 240


def demo(state: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "otp_worker", "demo", "--state", str(state), *options]


def demo_once(state: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        demo(state, "--once", *options),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=LONG_ENOUGH_SECONDS,
    )


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "the state"
    yield folder
    for pid in processes_of(folder):
        os.kill(pid, signal.SIGKILL)


def processes_of(state: Path) -> list[int]:
    """Every process that has the folder in its arguments or its environment, or works in it.

    The broker writes its title over the first two, but it works in its data folder.
    """
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            words = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
            if str(state).encode() in words or (entry / "cwd").readlink().is_relative_to(state):
                found.append(int(entry.name))
    return found


def assert_nothing_is_left(state: Path, output: str) -> None:
    assert processes_of(state) == []
    assert not (state / "processes.json").exists()
    with locked(state / "lock"):
        pass
    ports = [int(port) for port in re.findall(r"(?:127\.0\.0\.1:|port )(\d+)", output)]
    assert len(ports) >= 3
    for port in ports:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=1)


def test_once_shows_every_hop_and_leaves_nothing_behind(state: Path) -> None:
    done = demo_once(state)
    assert done.returncode == 0, done.stdout + done.stderr
    hops = re.findall(r"^  ok (.+?)  +.* (\d+) ms$", done.stdout, re.MULTILINE)
    assert [name for name, _ in hops] == [
        *("broker", "database", "API key", "phone", "web", "worker", "beat", "flower", "console"),
        *("accepted", "handed over", "read", "approved"),
    ]
    assert re.search(r"Your code is (\d{6}) \(valid 5 minutes\)\.(.|\n)*\1 is right", done.stdout)
    assert_nothing_is_left(state, done.stdout)


@pytest.mark.nightly
def test_over_rabbitmq_and_postgres_with_two_phones_it_shows_every_hop_too(state: Path) -> None:
    done = demo_once(state, "--rabbitmq", "--postgres", "--phones", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    for hop in (
        r"broker +rabbitmq 3\.",
        r"database +postgres, port ",
        r"phone-2 ",
        r"approved +\d{6} is right",
    ):
        assert re.search(f"  ok {hop}", done.stdout), done.stdout
    assert_nothing_is_left(state, done.stdout)


def test_after_a_kill_half_way_the_next_start_clears_up_and_works(state: Path) -> None:
    with subprocess.Popen(demo(state, "--once"), cwd=ROOT, stdout=subprocess.DEVNULL) as killed:
        left = wait_for_processes(state, killed)
        killed.kill()
    assert set(left.values()) <= set(processes_of(state))

    done = demo_once(state)
    assert done.returncode == 0, done.stdout + done.stderr
    assert all(f"Ended {name}, which a killed demo left behind." in done.stdout for name in PROCESSES)
    assert "kept from an earlier start" in done.stdout
    assert_nothing_is_left(state, done.stdout)


def test_stopped_half_way_it_leaves_nothing_behind(state: Path) -> None:
    with subprocess.Popen(demo(state, "--once"), cwd=ROOT, stdout=subprocess.DEVNULL) as stopped:
        wait_for_processes(state, stopped)
        stopped.terminate()
        assert stopped.wait(LONG_ENOUGH_SECONDS) == 130
    assert processes_of(state) == []
    assert not (state / "processes.json").exists()


def wait_for_processes(state: Path, running: subprocess.Popen[bytes]) -> dict[str, int]:
    deadline = time.monotonic() + LONG_ENOUGH_SECONDS
    while time.monotonic() < deadline and running.poll() is None:
        with suppress(FileNotFoundError):
            recorded = {
                entry["name"]: entry["pid"] for entry in json.loads((state / "processes.json").read_text())
            }
            if list(recorded) == PROCESSES:
                return recorded
        time.sleep(0.01)
    raise AssertionError(f"the demo did not come so far as to start {PROCESSES}")


@pytest.mark.parametrize(
    ("setting", "failure", "log"),
    [
        ("OTP_GATEWAY_URL=http://127.0.0.1:1/v1", "failed handed over: nothing within 10 s", "worker.log"),
        ("OTP_COUNTRIES=GB", r"failed accepted: POST .* answered 403", "web.log"),
    ],
)
def test_a_hop_that_fails_is_named_with_its_log(state: Path, setting: str, failure: str, log: str) -> None:
    state.mkdir()
    (state / "settings").write_text(f"{setting}\n")
    done = demo_once(state)
    assert done.returncode == 1
    assert re.search(failure, done.stdout), done.stdout
    assert f"The end of {state / 'logs' / log}:" in done.stdout
    assert processes_of(state) == []


@pytest.mark.parametrize("setting", ["OTP_FLOWER_AUTH=operator:short", "OTP_COUNTRIES=XX"])
def test_a_setting_that_cannot_be_is_named(state: Path, setting: str) -> None:
    state.mkdir()
    (state / "settings").write_text(f"{setting}\n")
    done = demo_once(state)
    assert done.returncode == 1
    assert f"failed database: {setting.partition('=')[0]}: " in done.stdout, done.stdout
    assert processes_of(state) == []


def test_a_process_that_dies_is_named_with_its_log(state: Path) -> None:
    state.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        (state / "settings").write_text(f"FLOWER_PORT={port}\n")
        done = demo_once(state)
    assert done.returncode == 1
    assert "failed flower: ended with exit status 1" in done.stdout
    assert f"FLOWER_PORT: port {port} of 127.0.0.1 is taken by another program" in done.stdout
    assert processes_of(state) == []


@contextmanager
def ended(serving: "subprocess.Popen[Any]") -> "Iterator[subprocess.Popen[Any]]":
    """A demo that serves until the end of the block, whatever ends that."""
    with serving:
        try:
            yield serving
        finally:
            serving.terminate()


def test_on_a_terminal_it_serves_until_it_is_told_to_stop(state: Path) -> None:
    ours, theirs = pty.openpty()
    with ended(subprocess.Popen(demo(state), cwd=ROOT, stdout=theirs, start_new_session=True)) as serving:
        os.close(theirs)
        output = read_until(ours, "Serving until Ctrl-C.")
        assert_everything_answers(output)
        assert_the_phone_checks_a_code(output)
        follow_the_first_steps(output)

        second = demo_once(state)
        assert second.returncode == 1
        assert f"(process {serving.pid}); stop that one first." in second.stdout

        serving.send_signal(signal.SIGINT)
        stopping = read_until(ours, "Stopped.")
        assert re.search(r"Stopping web, worker, .*; this takes 3 s at most\.", stopping)
        assert serving.wait(LONG_ENOUGH_SECONDS) == 0
    os.close(ours)
    assert_nothing_is_left(state, output)


def read_until(terminal: int, words: str) -> str:
    output = ""
    while words not in output:
        try:
            output += os.read(terminal, 4096).decode()
        except OSError as error:  # EIO: the other end is closed
            raise AssertionError(output) from error
    return output


def test_without_a_terminal_it_serves_too_and_is_used_as_the_readme_says(state: Path) -> None:
    section = (ROOT / "README.md").read_text().partition("## Try it")[2].partition("\n## ")[0]
    [use] = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    assert ".state/demo/env" in use
    use = use.replace(".state/demo/env", shlex.quote(f"{state}/env"))
    # The checkout's own commands, wherever the tests run from.
    use = use.replace(".venv/bin", shlex.quote(str(Path(sys.executable).parent)))
    with ended(
        subprocess.Popen(demo(state, "--serve"), cwd=ROOT, stdout=subprocess.PIPE, text=True)
    ) as serving:
        assert serving.stdout is not None
        output = ""
        while not output.endswith("Serving until Ctrl-C.\n"):
            line = serving.stdout.readline()
            assert line, f"the demo ended: {output}"
            output += line
        used = subprocess.run(
            ["bash", "-euc", use], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
        )
        serving.send_signal(signal.SIGTERM)
        output += serving.stdout.read()
        assert serving.wait(LONG_ENOUGH_SECONDS) == 0
    assert used.returncode == 0, used.stdout + used.stderr
    assert '"valid":true' in used.stdout
    assert "approved" in used.stdout
    assert_nothing_is_left(state, output)


def test_the_environment_file_is_its_owners_alone_and_names_everything(state: Path) -> None:
    assert demo_once(state).returncode == 0
    file = state / "env"
    assert file.stat().st_mode & 0o777 == 0o600
    names = {line.partition("=")[0] for line in file.read_text().splitlines() if "=" in line}
    assert {"OTP_URL", "OTP_KEY", "OTP_PHONE_URL", "OTP_DATABASE_URL", "OTP_SECRET_KEY"} <= names
    assert all(name.startswith("OTP_") for name in names)
