"""Step 4, expire: end what time has ended, publish what is due but not moving, purge what is old.

Everything here is idempotent: no run too many does harm, and no run at all lets a code live longer.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from otp_worker.breaker import Breaker, is_open
from otp_worker.policy import Publish
from otp_worker.store import expiring, remembering
from otp_worker.store.database import Database

STUCK_SECONDS = 3
"""A due delivery that no worker has taken up for this long may have lost its place in the queue."""

SWEEP = "expire"


@dataclass(frozen=True, slots=True)
class Expirer:
    """The fourth step with all it needs; ``backlog`` tells how many deliveries the queue holds."""

    db: Database
    publish: Publish
    backlog: Callable[[], int]
    gateway: str
    breaker: Breaker
    number_retention_seconds: int
    retention_days: int

    def expire(self, now: datetime) -> int:
        """End overdue deliveries and expired verifications; the number of both."""
        ended = expiring.fail_overdue(self.db, now) + expiring.end_expired(self.db, now)
        expiring.record_sweep(self.db, SWEEP, now)
        return ended

    def release(self, now: datetime) -> int:
        """Publish what is due and not on the queue, nearest deadline first, and what is not moving there.

        The answer is the number of deliveries published. While the gateway is away that is one at a
        time, when the next probe is due.
        """
        backlog = self.backlog()
        stuck = expiring.not_moving(self.db, now, now - timedelta(seconds=STUCK_SECONDS))
        # What is still in the queue only waits its turn; publishing it once more would grow the queue.
        again = stuck[: max(len(stuck) - backlog, 0)]
        room = max(expiring.BATCH - backlog - len(again), 0)
        waiting = expiring.not_published(self.db, now, self._may_leave(room, now))
        due = again + waiting
        if due:
            expiring.mark_published(self.db, due, now)
            for delivery_id in due:
                self.publish(delivery_id)
        return len(due)

    def _may_leave(self, room: int, now: datetime) -> int:
        state = self.breaker.look(self.gateway)
        if not is_open(state):
            return room
        return 1 if state.probe_at is None or state.probe_at <= now else 0

    def purge(self, now: datetime) -> int:
        """Forget plain numbers that are not needed any more, and delete what is old; the number of rows."""
        forgotten = expiring.forget_numbers(self.db, now - timedelta(seconds=self.number_retention_seconds))
        forgotten += remembering.forget(self.db, now - timedelta(hours=remembering.KEPT_HOURS))
        return forgotten + expiring.purge(self.db, now - timedelta(days=self.retention_days))
