"""What a process of the service does before anything else, so that a chaos run can reach into it.

Each part is on where it is given a file; the file is read again and again, so that the run changes what it
says while the process lives.
"""

import os
import socket
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

LOOK_SECONDS = 0.02


def reach_in(*, clock: str | None = None, names: str | None = None, trusted: str | None = None) -> None:
    """Keep this process's clock as ``clock`` says, slow down its name look-ups, and trust a certificate."""
    if clock is not None:
        _Clock(Path(clock))
    if names is not None:
        _slow_down(Path(names))
    if trusted is not None:
        _trust(trusted)


def _seconds_in(file: Path) -> float:
    # Nobody has written it yet: nothing is wrong with that clock or resolver.
    with suppress(FileNotFoundError):
        return float(file.read_text())
    return 0.0


class _Clock:
    """Python's wall clock in this process, off by what a file says; monotonic clocks stay true."""

    def __init__(self, file: Path) -> None:
        # Only where a clock is off: the library is one of the tests'.
        import time_machine

        self._file = file
        self._off = _seconds_in(file)
        began_at, began = time.time() + self._off, time.monotonic()
        self._traveller = time_machine.travel(began_at, tick=True).start()
        # What the library took to start would else be missing from the clock for good.
        self._traveller.shift(began_at + time.monotonic() - began - time.time())
        self._follow()
        # A fork has none of its parent's threads.
        os.register_at_fork(after_in_child=self._follow)

    def _follow(self) -> None:
        threading.Thread(target=self._keep_to_it, name="clock", daemon=True).start()

    def _keep_to_it(self) -> None:
        while True:
            told = _seconds_in(self._file)
            if told != self._off:
                self._traveller.shift(told - self._off)
                self._off = told
            time.sleep(LOOK_SECONDS)


def _slow_down(names: Path) -> None:
    look_up = socket.getaddrinfo

    def slowly(host: Any, *args: Any, **kwargs: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        # An address is no name: nobody is asked for it.
        if name and not name[-1].isdigit() and ":" not in name:
            time.sleep(_seconds_in(names))
        return look_up(host, *args, **kwargs)

    socket.getaddrinfo = slowly


def _trust(certificate: str) -> None:
    import certifi

    certifi.where = lambda: certificate
