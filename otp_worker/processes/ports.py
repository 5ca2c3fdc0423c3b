"""Ports on the loopback interface."""

import socket
from contextlib import ExitStack

LOOPBACK = "127.0.0.1"


def free_ports(*preferred: int | None) -> list[int]:
    """One port per argument, all different: the preferred one where it is free, else any free one.

    Nothing reserves them afterwards, so start what listens on them soon.
    """
    with ExitStack() as held:
        return [_bound(held.enter_context(socket.socket()), port) for port in preferred]


def _bound(listener: socket.socket, preferred: int | None) -> int:
    # Servers set this too: a port whose last connections are still in TIME_WAIT is free to listen on.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, preferred or 0))
    except OSError:
        listener.bind((LOOPBACK, 0))
    # Listening keeps a second bind, which SO_REUSEADDR would allow, from getting the same port.
    listener.listen()
    port: int = listener.getsockname()[1]
    return port
