"""What the phone took, and what was replied to it."""

import secrets
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Condition

KEPT = 100_000
TEXT_LENGTH = 1600


@dataclass(frozen=True)
class Draft:
    """A valid message as it was asked for: `sim` names the SIM, `life_seconds` is how long it may live.

    `id` is the message's own where the app chooses it.
    """

    to: str
    text: str
    ref: str | None = None
    callback: str | None = None
    sim: str | None = None
    life_seconds: float | None = None
    id: str | None = None


@dataclass
class Receipt:
    """A delivery callback that was posted: `answered` is the HTTP status, None when nobody answered."""

    status: str
    answered: int | None
    posted_at: datetime


@dataclass
class Message:
    """An SMS the phone took at `taken_at` and sent at `sent_at` (None: not yet).

    `states` are the statuses it has come to and when, whether or not anybody is called back with them.
    """

    id: str
    to: str
    text: str
    ref: str | None
    callback: str | None
    taken_at: datetime
    sent_at: datetime | None = None
    sim: str | None = None
    life_seconds: float | None = None
    states: dict[str, datetime] = field(default_factory=dict)
    receipts: list[Receipt] = field(default_factory=list)


@dataclass
class Reply:
    """An SMS that came in; `answered` is what the webhook said to it, None when it has not (yet).

    `forwarded` tells whether there is a webhook that hears of it.
    """

    number: str
    text: str
    ref: str | None
    received_at: datetime
    answered: int | None = None
    forwarded: bool = False
    id: str = field(default_factory=lambda: "rpl_" + secrets.token_hex(12))


class Messages:
    """The newest 100,000 messages and replies, oldest first; safe to use from many threads."""

    def __init__(self, changed: Callable[[Message | Reply | None], None] = lambda _: None) -> None:
        """`changed` hears of each that is new or has changed, and None when all are forgotten; briefly."""
        self._tell = changed
        self._changed = Condition()
        self._taken: deque[Message] = deque()
        self._replies: deque[Reply] = deque(maxlen=KEPT)
        self._by_ref: dict[str, Message] = {}
        self._by_id: dict[str, Message] = {}

    def __len__(self) -> int:
        return len(self._taken)

    def __iter__(self) -> Iterator[Message]:
        return iter(self.select())

    def add(self, message: Message, *, once: bool = False) -> Message:
        """Keep and return a message; with `once`, one known by its ref is returned instead."""
        with self._changed:
            if once and message.ref is not None and message.ref in self._by_ref:
                return self._by_ref[message.ref]
            self._taken.append(message)
            self._by_id[message.id] = message
            if message.ref is not None:
                self._by_ref[message.ref] = message
            if len(self._taken) > KEPT:
                self._forget_oldest()
            self._note(message)
        return message

    def find(self, message_id: str) -> Message | None:
        """The message of that id, or None."""
        with self._changed:
            return self._by_id.get(message_id)

    def mark_sent(self, message: Message, at: datetime) -> None:
        """Record the instant at which the phone sent a message."""
        with self._changed:
            message.sent_at = at
            self._note(message)

    def add_receipt(self, message: Message, receipt: Receipt) -> None:
        """Record a delivery callback and what came of it."""
        with self._changed:
            message.receipts.append(receipt)
            self._note(message)

    def add_reply(self, reply: Reply) -> None:
        """Keep an inbound reply."""
        with self._changed:
            self._replies.append(reply)
            self._note(reply)

    def settle_reply(self, reply: Reply, answered: int | None) -> None:
        """Record what the webhook said to a reply."""
        with self._changed:
            reply.answered = answered
            self._note(reply)

    def select(
        self, to: str | None = None, ref: str | None = None, limit: int | None = None
    ) -> list[Message]:
        """The messages to a number (in any spelling) and with a ref; with `limit`, the newest so many."""
        wanted = digits(to) if to is not None else None
        with self._changed:
            found = [
                message
                for message in self._taken
                if (wanted is None or digits(message.to) == wanted) and (ref is None or message.ref == ref)
            ]
        return found if limit is None else found[max(0, len(found) - limit) :]

    def replies(self, limit: int | None = None) -> list[Reply]:
        """The inbound replies; with `limit`, the newest so many."""
        with self._changed:
            found = list(self._replies)
        return found if limit is None else found[max(0, len(found) - limit) :]

    def newest_ref(self, number: str) -> str | None:
        """The ref of the newest message to a number, or None."""
        newest = self.select(to=number, limit=1)
        return newest[0].ref if newest else None

    def clear(self) -> None:
        """Forget all messages and replies."""
        with self._changed:
            self._taken.clear()
            self._replies.clear()
            self._by_ref.clear()
            self._by_id.clear()
            self._note(None)

    def wait_for(self, match: Callable[[Message], bool], within_seconds: float = 5.0) -> Message:
        """Wait for a message that matches, and return the newest; raises TimeoutError when none comes."""
        with self._changed:
            found = self._changed.wait_for(
                lambda: next((message for message in reversed(self._taken) if match(message)), None),
                within_seconds,
            )
        if found is None:
            raise TimeoutError(f"no such message within {within_seconds} s; {len(self)} taken")
        return found

    def _note(self, changed: Message | Reply | None) -> None:
        self._changed.notify_all()
        self._tell(changed)

    def _forget_oldest(self) -> None:
        oldest = self._taken.popleft()
        self._by_id.pop(oldest.id, None)
        if oldest.ref is not None and self._by_ref.get(oldest.ref) is oldest:
            del self._by_ref[oldest.ref]


def digits(number: str) -> str:
    """A number's digits alone, as the vendor's webhooks write it."""
    return "".join(character for character in number if character in "0123456789")


def instant(at: datetime) -> str:
    """An instant as the vendor writes it: UTC, ISO 8601, milliseconds, `Z`."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
