"""What Flower is told: Celery's task events, none of them lost between the threads of a worker.

Celery 5.6 empties the buffer of task events after it has published it, and so drops what a pool thread
adds meanwhile (celery/celery#10434): Flower then shows a finished task as started for ever.
"""

import os
import time
from typing import Any

from celery import Celery
from celery.app.events import Events
from celery.events.dispatcher import EventDispatcher
from celery.events.event import Event
from celery.utils.time import utcoffset

REST_SECONDS = 4.0
MOST_TOGETHER = 1000
"""So many events are published at once at most, which are some 300 KB; the consumer says when."""


class WholeDispatcher(EventDispatcher):
    """Takes out of its buffers just what it has published.

    After a publish that failed it rests: a broker that answers late, such as RabbitMQ during an alarm,
    must not hold up the loop that consumes deliveries once for every event.
    """

    _rests_until = float("-inf")

    def __init__(self, *args: Any, **options: Any) -> None:
        # Who finds the buffer full publishes it, and a pool thread had better not.
        super().__init__(*args, **{"buffer_limit": MOST_TOGETHER, **options})

    def send(self, type: str, **fields: Any) -> Any:
        """Send an event, without a traceback: the log has it, and each of 20,000 tasks would keep one."""
        fields.pop("traceback", None)
        return super().send(type, **fields)

    def flush(self, errors: bool = True, groups: bool = True) -> None:
        """Publish what waits; what cannot be published waits on."""
        with self.mutex:
            if errors:
                for _ in range(len(self._outbound_buffer)):
                    if time.monotonic() < self._rests_until:
                        break
                    event, routing_key, _error = self._outbound_buffer.popleft()
                    self._publish(event, self.producer, routing_key)
            if groups:
                for group, events in list(self._group_buffer.items()):
                    self._publish_group(group, events)

    def extend_buffer(self, other: EventDispatcher) -> None:
        """Take over what waits in the dispatcher of a connection that was lost."""
        super().extend_buffer(other)
        for group, events in other._group_buffer.items():
            self._group_buffer[group].extend(events)

    def _publish(self, event: Any, producer: Any, routing_key: str, **options: Any) -> None:
        """Publish, or buffer what cannot be published."""
        if time.monotonic() < self._rests_until:
            self._outbound_buffer.append((event, routing_key, None))
            return
        failed = len(self._outbound_buffer)
        super()._publish(event, producer, routing_key, **options)
        if len(self._outbound_buffer) > failed:
            self._rests_until = time.monotonic() + REST_SECONDS

    def _publish_group(self, group: str, events: list[Any]) -> None:
        # Threads append to this very list without a lock, so it is neither replaced nor cleared.
        if published := events[:]:
            self._publish(published, self.producer, f"{group}.multi")
            del events[: len(published)]


class TaskEvents(Events):
    """Celery's events, dispatched whole."""

    dispatcher_cls = WholeDispatcher


def sent_event(app: Celery, node: str, task: str, task_id: str) -> dict[str, Any]:
    """The event of a client that sent a task: its state is PENDING until a worker's event follows."""
    return _event(app, node, "task-sent", task, task_id, retries=0)


def succeeded_event(app: Celery, node: str, task: str, task_id: str, result: str) -> dict[str, Any]:
    """The event of a task that came to its end, as no worker ran it."""
    return _event(app, node, "task-succeeded", task, task_id, result=repr(result), runtime=0.0)


def _event(app: Celery, node: str, kind: str, task: str, task_id: str, **fields: Any) -> dict[str, Any]:
    # What a worker's events tell of a task, as that is known to the one who reads them.
    told = {"uuid": task_id, "name": task, "args": f"[{task_id!r}]", "kwargs": "{}", **fields}
    made: dict[str, Any] = Event(
        kind, hostname=node, utcoffset=utcoffset(), pid=os.getpid(), clock=app.clock.forward(), **told
    )
    return made
