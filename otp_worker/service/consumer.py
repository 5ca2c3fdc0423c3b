"""The worker's consumer of the queue: it outlives every error that a broker can answer.

Celery recovers from a lost connection only. With ``broker_channel_error_retry`` it recovers from an error
reply as well (a replica that takes no writes, a full memory, a queue that was deleted), and without a pause:
this consumer waits between its attempts, and says what the broker answered.
"""

import time
from collections.abc import Callable
from typing import Any, ClassVar

import structlog
from celery.bootsteps import RUN
from celery.worker.consumer import Consumer
from celery.worker.state import maybe_shutdown

from otp_worker.service.alive import alive
from otp_worker.service.broker_answer import broker_answer

log = structlog.get_logger()

PAUSES_SECONDS = (0.25, 0.5, 1.0, 2.0)
"""Before the first, second, ... attempt; the last one repeats: work goes on that soon after a recovery."""
CALM_SECONDS = 10.0
"""After so long without an error the pauses begin anew."""
SHUTDOWN_CHECK_SECONDS = 0.1
EVENTS_SECONDS = 0.25
"""For so long task events are collected: a message for each turn of the loop cost a fifth of a worker."""


_OWN_STEPS = {
    "celery.worker.consumer.delayed_delivery:DelayedDelivery": (
        "otp_worker.service.delayed_delivery:DelayedDeliveryOnce"
    )
}


class ResilientConsumer(Consumer):
    """Consumes again after any error of the broker, with growing pauses, and tells Flower in batches."""

    class Blueprint(Consumer.Blueprint):
        """Celery's steps, but for the one that cannot do with a lost node of a cluster."""

        default_steps: ClassVar = [_OWN_STEPS.get(step, step) for step in Consumer.Blueprint.default_steps]

    _failures = 0
    _failed_at = float("-inf")
    _events_due_at = float("-inf")

    def on_send_event_buffered(self) -> None:
        """Have the event loop publish the task events soon, along with those that follow until then.

        Whatever becomes of the loop's timers, the next event after that sets another one.
        """
        now = time.monotonic()
        if now >= self._events_due_at or self.blueprint.state != RUN:
            self._events_due_at = now + EVENTS_SECONDS
            # The loop's own thread sets the timer: others must not touch its queue of timers.
            super().call_soon(self._flush_events_soon)

    def _flush_events_soon(self) -> None:
        if self.blueprint.state == RUN:
            self.hub.call_later(EVENTS_SECONDS, self._flush_events)
        else:
            # The worker ends, and with it the timers: what its last tasks tell is told at once.
            self._flush_events()

    def stop(self) -> None:
        """Publish the task events that no timer will, and stop consuming."""
        self._flush_events()
        super().stop()

    def on_connection_error_before_connected(self, exc: Exception) -> None:
        """Wait before the next attempt to connect."""
        self._wait(exc)

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        """Drop the connection, and wait before the next one."""
        super().on_connection_error_after_connected(exc)
        self._wait(exc)

    def call_soon(self, act: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Have the event loop acknowledge or reject a message, and outlive whatever that raises.

        A message may be done with only after its connection is gone: what kombu then raises is no error of a
        broker. Such a message was given back already and is delivered again.
        """
        return super().call_soon(self._acknowledge, act, *args, **kwargs)

    def _acknowledge(self, act: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        try:
            act(*args, **kwargs)
        except (*self.connection_errors, *self.channel_errors):
            raise
        except Exception as error:
            log.warning("not_acknowledged", error=type(error).__name__)

    def _wait(self, error: Exception) -> None:
        """Sleep for as long as the recent failures ask for. Raises WorkerShutdown if the worker is to end."""
        now = time.monotonic()
        self._failures = self._failures + 1 if now - self._failed_at < CALM_SECONDS else 1
        pause = PAUSES_SECONDS[min(self._failures, len(PAUSES_SECONDS)) - 1]
        log.warning(
            "broker_error", answer=broker_answer(error), failures=self._failures, retry_in_seconds=pause
        )
        while time.monotonic() < now + pause:
            maybe_shutdown()
            alive.touch()
            time.sleep(SHUTDOWN_CHECK_SECONDS)
        self._failed_at = time.monotonic()
