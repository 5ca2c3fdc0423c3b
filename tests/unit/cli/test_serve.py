"""``otp-worker web``, ``console``, ``flower`` and ``simulator`` on a port that another program has."""

import os
import signal
import socket
from collections.abc import Iterator

import pytest
from typer.testing import CliRunner

from otp_worker.cli.app import app
from otp_worker.domain.errors import ConfigurationError
from otp_worker.service.http_server import HttpServer


@pytest.fixture
def taken() -> Iterator[str]:
    """A port that somebody serves, and would share."""
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield str(server.getsockname()[1])


@pytest.fixture
def became(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The programs that this process would have become."""
    programs: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda _path, words: programs.append(words))
    monkeypatch.setattr(HttpServer, "check", lambda _server: None)
    return programs


@pytest.mark.parametrize(("command", "variable"), [("web", "PORT"), ("console", "CONSOLE_PORT")])
@pytest.mark.parametrize("is_option", [True, False])
def test_a_server_says_which_port_is_taken_and_what_to_change(
    command: str, variable: str, is_option: bool, taken: str, became: list[list[str]]
) -> None:
    told = CliRunner().invoke(
        app,
        [command, "--port", taken] if is_option else [command],
        env={variable: None if is_option else taken},
    )
    assert isinstance(told.exception, ConfigurationError)
    assert str(told.exception).startswith(f"{variable} or --port: port {taken} of 127.0.0.1 is taken")
    assert became == []


def test_a_server_on_a_socket_of_its_own_needs_no_port(taken: str, became: list[list[str]]) -> None:
    told = CliRunner().invoke(app, ["web", "--port", taken, "--uds", "/run/otp.sock"])
    assert told.exit_code == 0, told.output
    assert became[0][-2:] == ["--uds", "/run/otp.sock"]


def test_flower_says_it_too(taken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTP_BROKER_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setenv("OTP_FLOWER_AUTH", "operator:watching-flower")
    told = CliRunner().invoke(app, ["flower"], env={"FLOWER_PORT": taken})
    assert isinstance(told.exception, ConfigurationError), told.output
    assert str(told.exception).startswith(f"FLOWER_PORT: port {taken} of 127.0.0.1 is taken")


def test_the_simulator_says_it_too_and_leaves_signals_as_they_were(taken: str) -> None:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    told = CliRunner().invoke(app, ["simulator", "--port", taken])
    assert told.exit_code == 1
    assert told.stderr == (
        f"simulator: --port: port {taken} of 127.0.0.1 is taken by another program;"
        " end that one, or choose another port\n"
    )
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == before
