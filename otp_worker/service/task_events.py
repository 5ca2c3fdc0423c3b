"""What Flower is told: Celery's task events, none of them lost between the threads of a worker.

Celery 5.6 empties the buffer of task events after it has published it, and so drops what a pool thread
adds meanwhile (celery/celery#10434): Flower then shows a finished task as started for ever.
"""

from typing import Any

from celery.app.events import Events
from celery.events.dispatcher import EventDispatcher


class WholeDispatcher(EventDispatcher):
    """Takes out of its buffers just what it has published."""

    def flush(self, errors: bool = True, groups: bool = True) -> None:
        """Publish what waits; what cannot be published waits on."""
        with self.mutex:
            if errors:
                for _ in range(len(self._outbound_buffer)):
                    event, routing_key, _error = self._outbound_buffer.popleft()
                    self._publish(event, self.producer, routing_key)
            if groups:
                for group, events in list(self._group_buffer.items()):
                    self._publish_group(group, events)

    def _publish_group(self, group: str, events: list[Any]) -> None:
        # Threads append to this very list without a lock, so it is neither replaced nor cleared.
        if published := events[:]:
            self._publish(published, self.producer, f"{group}.multi")
            del events[: len(published)]


class TaskEvents(Events):
    """Celery's events, dispatched whole."""

    dispatcher_cls = WholeDispatcher
