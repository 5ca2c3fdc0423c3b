"""A connection to Postgres that waits for the server no longer than the request in hand may wait.

The server's own time-outs end a statement that is slow or locked. They do not help where the server is frozen
or the network swallows its answers.
"""

import time
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen

from otp_worker.domain import request_deadline

CLEANING_UP_SECONDS = 0.5
"""When the time is over already, a server that answers still has so long to roll back."""

_INTERVAL_SECONDS = 0.1

Value = TypeVar("Value")


class BoundedConnection(psycopg.Connection[Any]):
    """Closes itself where an answer does not come in time: what would come later belongs to nobody."""

    def wait(
        self, gen: PQGen[Value], interval: float = _INTERVAL_SECONDS, timeout: float | None = None
    ) -> Value:
        """The outcome of one exchange with the server. Raises psycopg.OperationalError in time."""
        deadline = request_deadline.current()
        if timeout is not None or deadline is None:
            return super().wait(gen, interval, timeout)
        end = max(deadline, time.monotonic() + CLEANING_UP_SECONDS)
        try:
            return super().wait(gen, interval, end - time.monotonic())
        except psycopg.OperationalError:
            if time.monotonic() >= end:
                self.close()
            raise
