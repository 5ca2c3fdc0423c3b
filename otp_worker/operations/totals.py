"""All that was ever counted, of every process and since the first of them: what Prometheus is told."""

from dataclasses import dataclass
from datetime import datetime

from otp_worker.domain.tally import Counted, Tally
from otp_worker.operations.request_times import RequestTimes
from otp_worker.store import conversion_sums, tallies
from otp_worker.store.counted_steps import count_steps
from otp_worker.store.database import Database
from otp_worker.store.tallies import Total

_NAMES = [name for name in Counted if name not in (Counted.REFUSED, Counted.NOT_ARRIVED)]
BATCHES = 5
"""So many batches of steps, and parts of conversions, are counted before an answer, where no sweep has."""


@dataclass(frozen=True, slots=True)
class Totals:
    """Reads the totals. None of them ever falls, whichever process is asked, and whatever is purged."""

    db: Database
    requests: RequestTimes

    def read(self, now: datetime) -> dict[Tally, Total]:
        """Every figure by what it counts. Refusals have counters of their own, and are not among them."""
        # Stored first: what only this process knew would make the total fall in the next one's answer.
        self.requests.store()
        count_steps(self.db, now, BATCHES)
        conversion_sums.sum_up(self.db, now, BATCHES)
        return tallies.ever(self.db, _NAMES)
