"""What the steps are given to reach the world: a clock, and a way to publish."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

Clock = Callable[[], datetime]
Publish = Callable[[str], bool]
"""Puts an id on the queue; False, never an exception, if it could not: then the sweep publishes it."""
PublishAll = Callable[[Sequence[str]], bool]
"""Puts ids on the queue, in one go; False, never an exception, if they are not all there."""


@dataclass(frozen=True, slots=True)
class Outbox:
    """Where notices go: one is written for each of ``channels``, and then published.

    What writes it takes the names of the channels into its transaction. A notice that is not published is
    the sweep's to publish.
    """

    channels: tuple[str, ...]
    publish: Publish

    def send(self, notice_ids: Iterable[str]) -> None:
        """Publish notices that are written, as soon as they are."""
        for notice_id in notice_ids:
            self.publish(notice_id)


NO_OUTBOX = Outbox((), lambda _: False)
"""Nobody is told of anything."""


def utc_now() -> datetime:
    """The present instant."""
    return datetime.now(UTC)
