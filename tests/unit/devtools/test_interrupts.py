"""Ctrl-C ends a block for certain, and what was started in it is ended in peace."""

import os
import signal
import time
from collections.abc import Callable, Iterator

import pytest

from otp_worker.devtools.processes.interrupts import interruptible, uninterrupted

PATIENCE_SECONDS = 10
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def send(number: signal.Signals) -> None:
    """Send this process a signal."""
    os.kill(os.getpid(), number)


class Interrupts:
    """An object in whose finalizer a signal arrives."""

    def __del__(self) -> None:
        send(signal.SIGINT)


@pytest.fixture(autouse=True)
def as_in_a_terminal() -> Iterator[None]:
    """No signal is ignored, as under nohup, or behind a shell's ``&``."""
    before = {number: signal.signal(number, signal.default_int_handler) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def run(begin: Callable[[], object], end: Callable[[], object] = lambda: None) -> None:
    """A block that begins so, then works for long, and has ``end`` to do."""
    with interruptible() as parts:
        parts.callback(end)
        begin()
        time.sleep(PATIENCE_SECONDS)


@pytest.mark.parametrize("number", SIGNALS)
def test_each_of_the_three_signals_ends_the_block(number: signal.Signals) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(lambda: send(number))


def test_an_interrupt_that_python_drops_in_a_finalizer_is_not_lost() -> None:
    with pytest.raises(KeyboardInterrupt):
        run(Interrupts)


def test_another_signal_does_not_cut_the_end_short() -> None:
    steps: list[str] = []

    def end() -> None:
        send(signal.SIGINT)
        steps.append("ended")

    with pytest.raises(KeyboardInterrupt):
        run(lambda: send(signal.SIGINT), end)
    assert steps == ["ended"]


def test_what_must_not_be_torn_apart_is_finished_first() -> None:
    steps: list[str] = []

    def begin() -> None:
        with uninterrupted():
            send(signal.SIGINT)
            steps.append("process started")
            steps.append("process noted")
        steps.append("went on")

    with pytest.raises(KeyboardInterrupt):
        run(begin)
    assert steps == ["process started", "process noted"]


def test_a_signal_that_is_ignored_stays_so_and_all_is_as_before_afterwards() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        kept = [signal.getsignal(each) for each in signal.Signals]
        with interruptible():
            send(signal.SIGHUP)
        assert [signal.getsignal(each) for each in signal.Signals] == kept
    finally:
        signal.signal(signal.SIGHUP, before)
