"""A total time for what Python's network functions bound only step by step, or not at all."""

import queue
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any


@contextmanager
def cut_off(sock: socket.socket, seconds: float) -> Iterator[None]:
    """End a connection after so many seconds, whatever is being read or written over it.

    A socket's own time-out begins again with each byte, so that a peer that drips is never cut off by it.
    """
    # Another handle on the connection: TLS takes the first one over.
    handle = sock.dup()
    timer = threading.Timer(max(seconds, 0), _end, (handle,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        handle.close()


def resolve(host: str, port: int, seconds: float) -> list[tuple[Any, ...]]:
    """The addresses of a host for TCP, as ``socket.getaddrinfo`` gives them.

    Raises OSError where there are none, and TimeoutError where they are not known within ``seconds``: the
    resolver's own time-out is half a minute or more.
    """
    found: queue.SimpleQueue[list[tuple[Any, ...]] | OSError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            found.put(list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
        except OSError as error:
            found.put(error)

    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = found.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError(f"the address of {host} is not known after {seconds:g} s") from None
    if isinstance(answer, OSError):
        raise answer
    return answer


def _end(handle: socket.socket) -> None:
    with suppress(OSError):
        handle.shutdown(socket.SHUT_RDWR)
