"""Who listens to the phone: each hears of every change, of several to the same thing at least the last."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition

from .exchanges import Exchange
from .messages import Message, Reply

LONGEST_BACKLOG = 1000
Change = Message | Reply | Exchange


class Listener:
    """What one listener has still to hear; `lost` when that is too much, or everything was forgotten."""

    def __init__(self) -> None:
        self.changed: dict[tuple[type, str | int], Change] = {}
        self.lost = True


class Feed:
    """Hands changes to listeners, without ever waiting for one of them."""

    def __init__(self) -> None:
        self._rung = Condition()
        self._listeners: list[Listener] = []
        self._closed = False

    def note(self, change: Change | None) -> None:
        """Tell everybody of a thing that is new or has changed; of None, that all must be read again."""
        if not self._listeners:
            return
        with self._rung:
            for listener in self._listeners:
                if change is None or len(listener.changed) >= LONGEST_BACKLOG:
                    listener.lost = True
                    listener.changed.clear()
                else:
                    listener.changed[type(change), change.id] = change
            self._rung.notify_all()

    def ring(self) -> None:
        """Wake everybody, to look for themselves."""
        with self._rung:
            self._rung.notify_all()

    @contextmanager
    def listening(self) -> Iterator[Listener]:
        """A listener for as long as the `with` block lasts."""
        listener = Listener()
        with self._rung:
            self._listeners.append(listener)
        try:
            yield listener
        finally:
            with self._rung:
                self._listeners.remove(listener)

    def wait(self, listener: Listener, seconds: float) -> tuple[bool, list[Change]]:
        """Wait for a change, or so long; whether all must be read again, and else what has changed."""
        with self._rung:
            if not (listener.lost or listener.changed or self._closed):
                self._rung.wait(seconds)
            lost, changes = listener.lost, list(listener.changed.values())
            listener.lost = False
            listener.changed.clear()
        return lost, changes

    @property
    def closed(self) -> bool:
        """Whether there will be no more."""
        return self._closed

    def open(self) -> None:
        """Begin, or begin again."""
        self._closed = False

    def close(self) -> None:
        """Let everybody go."""
        self._closed = True
        self.ring()
