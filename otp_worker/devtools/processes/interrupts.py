"""Ctrl-C for commands that start processes: it ends the block for certain, and nothing cuts the end short."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import Timer, current_thread, main_thread

INTERRUPTED = 130
"""The exit status of a command that was stopped (128 + SIGINT, as shells have it)."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_AGAIN_SECONDS = 0.05


@contextmanager
def interruptible() -> Iterator[ExitStack]:
    """A stack of what the block starts; SIGINT, SIGTERM and SIGHUP end the block with KeyboardInterrupt.

    While the stack is unwound signals are ignored: ending takes seconds, and another Ctrl-C would leave
    processes. A signal that was ignored before stays so, as under nohup.
    """
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    hook = sys.unraisablehook
    sys.unraisablehook = _raise_again
    try:
        with ExitStack() as parts:
            try:
                for number, handler in before.items():
                    if handler is not signal.SIG_IGN:
                        signal.signal(number, signal.default_int_handler)
                yield parts
            finally:
                for number in _SIGNALS:
                    signal.signal(number, signal.SIG_IGN)
    finally:
        sys.unraisablehook = hook
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Let a signal that arrives in the block take effect at its end, as for a process and the note of it.

    Another thread than the main one is never interrupted.
    """
    if current_thread() is not main_thread():
        yield
        return
    arrived: list[int] = []
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    try:
        for number, handler in before.items():
            if handler is not signal.SIG_IGN:
                signal.signal(number, lambda number, _: arrived.append(number))
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for late in arrived:
            signal.raise_signal(late)


def _raise_again(dropped: "sys.UnraisableHookArgs") -> None:
    """Python drops what a signal raises in a finalizer or a weak reference's callback: send it once more."""
    if issubclass(dropped.exc_type, KeyboardInterrupt):
        Timer(_AGAIN_SECONDS, os.kill, (os.getpid(), signal.SIGINT)).start()
    else:
        sys.__unraisablehook__(dropped)
