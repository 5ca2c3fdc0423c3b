"""The proxy does to connections what networks do to them."""

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from otp_worker.devtools.chaos.proxy import Mode, Proxy
from otp_worker.devtools.processes.ports import LOOPBACK

NOTHING_SECONDS = 0.2


class Echo:
    """A server that says back what it hears."""

    def __init__(self) -> None:
        self._listener = socket.create_server((LOOPBACK, 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._accepting = threading.Thread(target=self._accept)
        self._accepting.start()

    def close(self) -> None:
        # Closing alone does not wake a thread that accepts.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in [self._accepting, *self._threads]:
            thread.join(5)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._threads.append(threading.Thread(target=self._echo, args=(connection,)))
                self._threads[-1].start()

    def _echo(self, connection: socket.socket) -> None:
        with connection, suppress(ConnectionError):
            while heard := connection.recv(4096):
                connection.sendall(heard)


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    echo = Echo()
    with Proxy(echo.port, delay_seconds=NOTHING_SECONDS) as running:
        yield running
    echo.close()


def connect(proxy: Proxy) -> socket.socket:
    return socket.create_connection((LOOPBACK, proxy.port), timeout=5)


def say(connection: socket.socket, words: bytes) -> bytes:
    connection.sendall(words)
    return connection.recv(4096)


def insist(proxy: Proxy) -> None:
    """Connect and say something twice: a reset may be heard of only with the second word."""
    with connect(proxy) as connection:
        say(connection, b"hello")
        say(connection, b"is anybody there")


def hears_nothing(connection: socket.socket) -> bool:
    connection.settimeout(NOTHING_SECONDS)
    try:
        connection.recv(4096)
    except TimeoutError:
        return True
    return False


def test_it_passes_bytes_both_ways(proxy: Proxy) -> None:
    with connect(proxy) as connection:
        assert say(connection, b"hello") == b"hello"


def test_it_passes_on_that_an_end_hung_up(proxy: Proxy) -> None:
    with connect(proxy) as connection:
        assert say(connection, b"hello") == b"hello"
        connection.shutdown(socket.SHUT_WR)
        with suppress(ConnectionResetError):
            assert connection.recv(4096) == b""


def test_cut_resets_what_is_open_and_nothing_else(proxy: Proxy) -> None:
    with connect(proxy) as old:
        assert say(old, b"hello") == b"hello"
        proxy.cut()
        with pytest.raises(ConnectionResetError):
            old.recv(4096)
    with connect(proxy) as new:
        assert say(new, b"again") == b"again"


def test_refuse_resets_old_and_new_connections(proxy: Proxy) -> None:
    with connect(proxy) as old:
        assert say(old, b"hello") == b"hello"
        proxy.set(Mode.REFUSE)
        with pytest.raises(ConnectionResetError):
            old.recv(4096)
    with pytest.raises(ConnectionError):
        insist(proxy)
    proxy.set(Mode.PASS)
    with connect(proxy) as after:
        assert say(after, b"hello") == b"hello"


def test_a_blackhole_swallows_and_tells_nobody(proxy: Proxy) -> None:
    with connect(proxy) as old:
        assert say(old, b"hello") == b"hello"
        proxy.set(Mode.BLACKHOLE)
        with connect(proxy) as new:
            for connection in (old, new):
                connection.sendall(b"is anybody there")
                assert hears_nothing(connection)


def test_a_connection_from_a_blackhole_stays_dead_and_a_new_one_lives(proxy: Proxy) -> None:
    with connect(proxy) as old:
        assert say(old, b"hello") == b"hello"
        proxy.set(Mode.BLACKHOLE)
        proxy.set(Mode.PASS)
        old.sendall(b"is anybody there")
        assert hears_nothing(old)
        with connect(proxy) as new:
            assert say(new, b"hello") == b"hello"


def test_slow_connections_still_pass_everything(proxy: Proxy) -> None:
    proxy.set(Mode.SLOW)
    with connect(proxy) as connection:
        connection.sendall(b"hello")
        assert hears_nothing(connection)
        connection.settimeout(5)
        assert connection.recv(4096) == b"hello"


def test_a_target_that_is_away_resets_the_connection() -> None:
    with socket.create_server((LOOPBACK, 0)) as listener:
        port = listener.getsockname()[1]
    with Proxy(port) as proxy, pytest.raises(ConnectionError):
        insist(proxy)


def test_to_stall_ends_what_is_open_and_takes_what_is_new_without_a_word(proxy: Proxy) -> None:
    with connect(proxy) as old:
        assert say(old, b"hello") == b"hello"
        proxy.set(Mode.STALL)
        with pytest.raises(ConnectionResetError):
            old.recv(4096)
    with connect(proxy) as new:
        new.sendall(b"is anybody there")
        assert hears_nothing(new)
        proxy.set(Mode.PASS)
        assert hears_nothing(new)
    with connect(proxy) as after:
        assert say(after, b"hello") == b"hello"


def test_an_answer_may_be_what_ends_a_connection(proxy: Proxy) -> None:
    with connect(proxy) as connection:
        assert say(connection, b"hello") == b"hello"
        proxy.set(Mode.RESET_ANSWER)
        with pytest.raises(ConnectionResetError):
            say(connection, b"hello")
