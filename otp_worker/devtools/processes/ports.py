"""Ports on the loopback interface."""

import secrets
import socket
from contextlib import ExitStack, suppress

from otp_worker.service.listening import LOOPBACK, claim

__all__ = ["LOOPBACK", "free_ports", "reserved_ports"]

_QUIET_PORTS = range(12_000, 32_000)
"""Below those that Linux hands to outgoing connections: one of these could take a port before its server."""
_TRIES = 20


def free_ports(*preferred: int | None) -> list[int]:
    """One port per argument, all different: the preferred one where it is free, else any free one.

    Nothing reserves them afterwards, so start what listens on them soon.
    """
    with ExitStack() as held:
        return [_bound(held.enter_context(socket.socket()), port) for port in preferred]


def reserved_ports(held: ExitStack, *preferred: int) -> list[int]:
    """As free_ports; a preferred one that is given is kept from all who ask here, until ``held`` ends."""
    return free_ports(*(port if _reserve(held, port) else None for port in preferred))


def _reserve(held: ExitStack, port: int) -> bool:
    lock = claim(f"demo/{port}")
    if lock:
        held.enter_context(lock)
    return lock is not None


def _bound(listener: socket.socket, preferred: int | None) -> int:
    # Servers set this too: a port whose last connections are still in TIME_WAIT is free to listen on.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    for port in (preferred, *(secrets.choice(_QUIET_PORTS) for _ in range(_TRIES)), 0):
        if port is not None:
            with suppress(OSError):
                listener.bind((LOOPBACK, port))
                break
    # Listening keeps a second bind, which SO_REUSEADDR would allow, from getting the same port.
    listener.listen()
    bound: int = listener.getsockname()[1]
    return bound
