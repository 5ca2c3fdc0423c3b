"""The simulator as a real process, and the commands that speak to it."""

import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from otp_worker.devtools.simulator import Simulator
from tests.devtools.simulator.rehearsal import NUMBER, Client

SIMULATOR = [sys.executable, "-m", "otp_worker.devtools.simulator"]


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*SIMULATOR, *words], capture_output=True, text=True, timeout=60, check=False)


@contextmanager
def serving(*options: str) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """A simulator's process, and what it printed first: its gateway's URL, its key and its page."""
    process = subprocess.Popen([*SIMULATOR, *options], stdout=subprocess.PIPE, text=True)
    with process:
        try:
            assert process.stdout is not None
            yield process, [process.stdout.readline().split()[-1] for _ in range(3)]
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_told_to_stop(number: signal.Signals) -> None:
    with serving("--port", "0") as (process, (_, _, page)):
        assert requests.get(page + "sim/health", timeout=10).json()["status"] == "ok"
        process.send_signal(number)
        assert process.wait(10) == 0


def test_its_options_are_obeyed(tmp_path: Path) -> None:
    key_file, journal = tmp_path / "key", tmp_path / "journal"
    key_file.write_text("sk_live_from_a_file\n")
    options = ["--key-file", str(key_file), "--journal", str(journal), "--slow", "0.01"]
    with serving("--port", "0", *options, "--offline", "--knob", "dedupe=true") as (_, (url, key, page)):
        knobs = requests.get(page + "sim/knobs", timeout=10).json()
        requests.patch(page + "sim/knobs", json={"offline": False}, timeout=10).raise_for_status()
        message = {"to": NUMBER, "text": "x"}
        taken = requests.post(
            url + "/messages", json=message, headers={"Authorization": f"Bearer {key}"}, timeout=10
        )
    assert key == "sk_live_from_a_file"
    assert (knobs["offline"], knobs["slow_seconds"], knobs["dedupe"]) == (True, 0.01, True)
    assert json.loads(journal.read_text())["id"] == taken.json()["id"]


def test_a_key_is_made_up_when_none_is_given() -> None:
    assert re.fullmatch(r"sk_live_[A-Za-z0-9]{40}", Simulator().key)
    assert Simulator().key != Simulator().key


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--knob", "ofline=true"], "ofline"),
        (["--knob", "offline=perhaps"], "offline"),
        (["--key", "a", "--key-file", "b"], "not both"),
        (["--key-file", "/nonexistent"], "/nonexistent"),
        (["--journal", "/nonexistent/j"], "/nonexistent"),
        (["--profile", "smsgate"], "key: must be user:password"),
    ],
)
def test_a_wrong_option_stops_the_start_with_its_name(options: list[str], reason: str) -> None:
    done = run("--port", "0", *options)
    assert done.returncode == 1
    assert reason in done.stderr
    assert "Traceback" not in done.stderr


def test_a_taken_port_stops_the_start(simulator: Simulator) -> None:
    done = run("--port", str(simulator.port))
    assert (done.returncode, done.stdout) == (1, "")
    assert "is taken by another program" in done.stderr


def test_set_turns_knobs_by_name(simulator: Simulator) -> None:
    words = ["offline=on", "slow_seconds=2", "error_status=502", f"refuse={NUMBER},+4420", "redirect=none"]
    done = run("set", *words, "next=4", "--url", simulator.origin)
    assert done.returncode == 0, done.stderr
    assert (simulator.knobs.offline, simulator.knobs.slow_seconds) == (True, 2.0)
    assert (simulator.knobs.error_status, simulator.knobs.refuse) == (502, (NUMBER, "+4420"))
    assert simulator.knobs.as_dict()["next"] == dict.fromkeys(
        ["offline", "slow_seconds", "error_status", "refuse", "redirect"], 4
    )
    assert "+4420" in done.stdout


@pytest.mark.parametrize("word", ["ofline=true", "offline=7", "slow_seconds=-1", "next=0"])
def test_set_names_what_is_wrong(simulator: Simulator, word: str) -> None:
    done = run("set", "hang=true", word, "--url", simulator.url)
    assert done.returncode == 1
    assert word.partition("=")[0] in done.stderr
    assert simulator.knobs.hang is False


def test_messages_are_listed_as_a_table_or_as_json(client: Client, simulator: Simulator) -> None:
    client.send(text="code 111111 [red]\x1b[31m", ref="a")
    client.send(text="code 222222", to="+447700900999")
    table = run("messages", "--url", simulator.origin).stdout
    assert "[red]" in table
    assert "\x1b" not in table
    assert "+447700900999" in table
    (message,) = json.loads(run("messages", "--to", NUMBER, "--json", "--url", simulator.origin).stdout)
    assert (message["to"], message["ref"]) == (NUMBER, "a")


def test_reply_arrives(simulator: Simulator) -> None:
    done = run("reply", "--from", NUMBER, "hello there", "--url", simulator.origin)
    assert done.returncode == 0
    assert "no webhook" in done.stdout
    assert [(reply.number, reply.text) for reply in simulator.messages.replies()] == [
        (NUMBER.removeprefix("+"), "hello there")
    ]


def test_a_simulator_that_does_not_run_is_said_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    done = run("messages", "--url", f"http://127.0.0.1:{port}")
    assert done.returncode == 1
    assert "no simulator answers" in done.stderr


def test_set_and_reply_answer_in_json(simulator: Simulator) -> None:
    knobs = json.loads(run("set", "offline=on", "--json", "--url", simulator.origin).stdout)
    assert (knobs["offline"], knobs["slow_seconds"]) == (True, 0.0)
    told = run("reply", "--from", NUMBER, "hello", "--json", "--url", simulator.origin).stdout
    assert json.loads(told) == {"forwarded": False}


def test_where_it_listens_is_told_as_a_line_of_json() -> None:
    command = [*SIMULATOR, "--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            told = json.loads(process.stdout.readline())
        finally:
            process.kill()
    assert set(told) == {"gateway", "key", "phone"}
    assert told["gateway"].startswith(told["phone"])


@pytest.mark.parametrize(
    "words",
    [
        ["messages", "--url", "http://127.0.0.1:1"],
        ["set", "offline=on", "--url", "http://127.0.0.1:1"],
        ["reply", "--from", NUMBER, "x", "--url", "http://127.0.0.1:1"],
        ["set", "ofline=on"],
        ["--profile", "nobodys"],
    ],
    ids=" ".join,
)
def test_an_error_is_json_for_scripts(words: list[str]) -> None:
    done = run(*words, "--json")
    assert (done.returncode, done.stdout) == (1, "")
    assert json.loads(done.stderr)["error"] == "failed"
    assert json.loads(done.stderr)["detail"] in run(*words).stderr


def test_a_fault_is_started_shown_and_ended_by_name(simulator: Simulator) -> None:
    at = ("--url", simulator.origin)
    started = run("scenario", "throttle", "--next", "3", *at)
    assert started.stdout == "throttle: again in 5 s, until 3 more messages\n"
    assert simulator.knobs.throttle is True
    shown = json.loads(run("scenario", "--json", *at).stdout)
    assert (shown["scenario"]["name"], shown["scenario"]["next"]) == ("throttle", 3)
    assert run("clear", *at).stdout == "All is well.\n"
    assert simulator.knobs.throttle is False


def test_a_fault_that_is_not_there_is_refused_with_those_that_are(simulator: Simulator) -> None:
    done = run("scenario", "ofline", "--url", simulator.origin)
    assert done.returncode == 1
    assert "offline" in done.stderr


def test_set_takes_a_time(simulator: Simulator) -> None:
    run("set", "offline=true", "for_seconds=3600", "--url", simulator.origin)
    assert list(
        json.loads(run("set", "--json", "slow_seconds=0", "--url", simulator.origin).stdout)["until"]
    ) == ["offline"]
