"""The time that is left of an attempt's lease, which ``store/claims.py`` takes.

It ends with the lease or with the deadline, by whichever clock says so first.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from otp_worker.domain.ports import Clock
from otp_worker.store import claims
from otp_worker.store.database import Database
from otp_worker.store.job import Job

SETTLE_SECONDS = 5.0
"""So much of a lease is kept for settling: an exchange with a gateway ends before it."""
ANSWER_HOLDS_SECONDS = 0.1
"""For so long the answer is good that an attempt may go on."""


@dataclass(slots=True)
class Lease:
    """A claim of ``seconds`` that begins before the claim is made, so that it never outlasts it.

    ``clock`` can be stepped back in the middle of an attempt; ``monotonic`` goes on whatever is done to that.
    """

    clock: Clock
    seconds: float
    monotonic: Callable[[], float] = time.monotonic
    claimed_at: datetime = field(init=False)
    _began: float = field(init=False)
    _good_until: float = float("-inf")

    def __post_init__(self) -> None:
        self.claimed_at = self.clock()
        self._began = self.monotonic()

    def now(self) -> datetime:
        """The present instant; it is never before the claim and what has passed since."""
        return max(self.clock(), self.claimed_at + timedelta(seconds=self.monotonic() - self._began))

    def seconds_left(self) -> float:
        """How much of the lease is left; negative once it is over."""
        return self.seconds - (self.now() - self.claimed_at).total_seconds()

    def exchange_seconds(self, job: Job, most: float) -> float:
        """How long an exchange with a gateway may take: ``most``, and less where time is short."""
        until_deadline = (job.deadline_at - self.now()).total_seconds()
        return min(most, until_deadline, self.seconds_left() - SETTLE_SECONDS)

    def allows(self, db: Database, job: Job) -> bool:
        """Whether the code may be handed over still: the claim holds, it is in time, and it is wanted."""
        if self.exchange_seconds(job, 1.0) <= 0:
            return False
        if self.monotonic() < self._good_until:
            return True
        if not claims.holds(db, job, self.now()):
            return False
        self._good_until = self.monotonic() + ANSWER_HOLDS_SECONDS
        return True
