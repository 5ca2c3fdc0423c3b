"""The pauses that hold now, as a send meets them."""

import threading
import time
from dataclasses import dataclass, field
from datetime import datetime

from otp_worker.domain.errors import SendsPausedError
from otp_worker.domain.limits import Limits
from otp_worker.domain.pumping import GuardMode, PumpedKind
from otp_worker.store import conversions, pauses
from otp_worker.store.database import Database
from otp_worker.store.pauses import Pause

GLANCE_SECONDS = 1.0


@dataclass(slots=True)
class Pauses:
    """What is paused now, as it was at most a second ago: intake asks for every send."""

    db: Database
    limits: Limits
    mode: GuardMode
    _seen: dict[tuple[PumpedKind, bytes], Pause] = field(default_factory=dict)
    _seen_at: float = float("-inf")
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def refuse_paused(
        self, number: str, country: str, app: str, now: datetime, *, test: bool = False
    ) -> None:
        """Raise SendsPausedError if what the app sends to the number's block or country is paused.

        What a ``test`` key sends never is.
        """
        if test or self.mode is not GuardMode.ON:
            return
        seen = self._glance(now)
        if not seen:
            return
        places = [(PumpedKind.COUNTRY, country.encode())]
        places += [(PumpedKind.BLOCK, block) for block in self.limits.block_hashes(number)]
        for kind, place in places:
            found = seen.get((kind, conversions.subject_of(app, place)))
            if found is not None and found.paused_until is not None and found.paused_until > now:
                raise SendsPausedError(found.kind, found.paused_until)

    def _glance(self, now: datetime) -> dict[tuple[PumpedKind, bytes], Pause]:
        with self._lock:
            if time.monotonic() - self._seen_at > GLANCE_SECONDS:
                active = pauses.active_pauses(self.db, now)
                self._seen = {(each.kind, each.subject): each for each in active}
                self._seen_at = time.monotonic()
            return self._seen
