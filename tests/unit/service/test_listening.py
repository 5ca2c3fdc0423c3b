"""Where a server listens: a port that another one has is refused in one sentence, before anything starts."""

import errno
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

import pytest

from otp_worker.devtools.processes.environment import child_environment
from otp_worker.devtools.processes.ports import free_ports, reserved_ports
from otp_worker.domain.errors import ConfigurationError
from otp_worker.service.listening import LOOPBACK, Listening, claim, listening

HOLDS = """
import os, sys
from otp_worker.service.listening import Listening
Listening("127.0.0.1", int(sys.argv[1]), "PORT or --port").hold()
os.execv(sys.executable, [sys.executable, "-c", "import sys; print('held', flush=True); sys.stdin.read()"])
"""


@contextmanager
def sharing(port: int) -> Iterator[None]:
    """A server that lets others of its user listen on the same port, as Granian does."""
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        server.bind((LOOPBACK, port))
        server.listen()
        yield


def test_a_port_that_is_shared_by_its_server_is_taken_all_the_same() -> None:
    [port] = free_ports(None)
    place = Listening(LOOPBACK, port, "PORT or --port")
    place.check()
    with sharing(port), pytest.raises(ConfigurationError) as refused:
        place.check()
    assert str(refused.value) == (
        f"PORT or --port: port {port} of 127.0.0.1 is taken by another program;"
        " end that one, or choose another port"
    )
    place.check()


def test_who_holds_a_port_keeps_it_in_the_program_that_it_becomes() -> None:
    [port] = free_ports(None)
    place = Listening(LOOPBACK, port, "PORT")
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(port)],
        env=child_environment({}),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        # Nothing listens yet: of two that start at one moment, the second is refused.
        place.check()
        with pytest.raises(ConfigurationError, match=f"^PORT: port {port} of 127.0.0.1 is taken"):
            place.hold()
        holder.kill()
        holder.wait(10)
    with closing(claim(f"listens/{LOOPBACK}:{port}") or pytest.fail("the dead hold it")):
        pass


def test_a_refused_hold_holds_nothing() -> None:
    [port] = free_ports(None)
    with sharing(port), pytest.raises(ConfigurationError, match="is taken"):
        Listening(LOOPBACK, port, "PORT").hold()
    with closing(claim(f"listens/{LOOPBACK}:{port}") or pytest.fail("it is held")):
        pass


@pytest.mark.parametrize("host", ["203.0.113.7", "no such host.invalid"])
def test_an_address_of_another_machine_is_named(host: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^PORT: {host} is no address of this machine"):
        Listening(host, 8000, "PORT").check()


def test_a_port_of_roots_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(socket.socket, "bind", refuse)
    with pytest.raises(ConfigurationError, match=r"^PORT: port 80 is for root alone"):
        Listening(LOOPBACK, 80, "PORT").check()


def test_any_port_is_never_taken() -> None:
    for _ in range(2):
        Listening(LOOPBACK, 0, "PORT").hold()


def test_each_server_of_the_procfile_has_its_variables() -> None:
    assert [listening(name, {}) for name in ("web", "console", "flower", "worker")] == [
        Listening(LOOPBACK, 8000, "PORT"),
        Listening(LOOPBACK, 5556, "CONSOLE_PORT"),
        Listening(LOOPBACK, 5555, "FLOWER_PORT"),
        None,
    ]
    told = {"HOST": "10.0.0.1", "PORT": "9000", "CONSOLE_HOST": "10.0.0.2", "CONSOLE_PORT": "9001"}
    told["FLOWER_HOST"] = "10.0.0.3"
    assert listening("web", told) == Listening("10.0.0.1", 9000, "PORT")
    assert listening("flower", told) == Listening("10.0.0.3", 5555, "FLOWER_PORT")
    assert listening("console", told) == Listening("10.0.0.2", 9001, "CONSOLE_PORT")


@pytest.mark.parametrize("told", ["http", "-1", "65536", "", "8000 "])
def test_a_port_that_is_none_is_named(told: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^PORT: .* is no port"):
        listening("web", {"PORT": told})


def test_two_runs_at_one_moment_are_given_different_ports() -> None:
    preferred = free_ports(None, None)
    with ExitStack() as first, ExitStack() as second:
        assert reserved_ports(first, *preferred) == preferred
        assert not set(reserved_ports(second, *preferred)) & set(preferred)
    with ExitStack() as third:
        assert reserved_ports(third, *preferred) == preferred
