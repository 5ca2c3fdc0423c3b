"""The pumping guard: a sweep that pauses pumped blocks and countries, and what intake asks before a send."""

import threading
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

import structlog

from otp_worker.domain.errors import SendsPausedError
from otp_worker.domain.limits import BLOCK_DIGITS, Limits
from otp_worker.domain.ports import Outbox
from otp_worker.domain.pumping import (
    BASELINE_HOURS,
    FALL,
    SETTLING_SECONDS,
    WINDOW_SECONDS,
    Figures,
    PumpedKind,
    highest_conversion,
    is_pumped,
    usual,
)
from otp_worker.store import conversions, pauses
from otp_worker.store.conversions import Recent, Span
from otp_worker.store.database import Database
from otp_worker.store.pauses import Pause, Suspect

log = structlog.get_logger()

GLANCE_SECONDS = 1.0
COUNTRY_SENDS = 5
"""A country is judged from so many times the sends on that a block is."""


class GuardMode(StrEnum):
    """What the guard does about pumping: pause it, only tell of it, or nothing."""

    ON = "on"
    OBSERVE = "observe"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class PumpingGuard:
    """The sweep with all it needs; ``outbox`` takes what tells of a pause, as soon as it is made."""

    db: Database
    mode: GuardMode
    min_sends: int
    first_pause_seconds: int
    outbox: Outbox

    def sweep(self, now: datetime) -> int:
        """Judge the last hour; how many blocks and countries are newly paused."""
        if self.mode is GuardMode.OFF:
            return 0
        oldest = now - timedelta(hours=BASELINE_HOURS)
        conversions.sum_up(self.db, now, oldest)
        conversions.forget_hours(self.db, oldest)
        until = now - timedelta(seconds=SETTLING_SECONDS)
        since = until - timedelta(seconds=WINDOW_SECONDS)
        return sum(
            self._judge(kind, recent, conversions.Span(oldest, since), now)
            for kind, min_sends in self._min_sends().items()
            for recent in conversions.recent(self.db, kind, conversions.Span(since, until), min_sends)
            # Most are seen to be well without a look at what is usual there.
            if highest_conversion(recent.figures) < 1 / FALL
        )

    def _min_sends(self) -> dict[PumpedKind, int]:
        return {PumpedKind.BLOCK: self.min_sends, PumpedKind.COUNTRY: COUNTRY_SENDS * self.min_sends}

    def _judge(self, kind: PumpedKind, recent: Recent, before: Span, now: datetime) -> bool:
        usually = usual(
            self._past(kind, recent, recent.place, before),
            conversions.hours_known(self.db, recent.app, before),
            # A past that is too short is told by the app's in the country, and by all of the app's.
            self._past(PumpedKind.COUNTRY, recent, recent.country.encode(), before),
            self._past(conversions.ALL, recent, conversions.EVERYBODY, before),
        )
        if not is_pumped(recent.figures, usually, self._min_sends()[kind]):
            return False
        suspect = Suspect(kind, recent.app, recent.place, _label(kind, recent), recent.figures, usually)
        paused = pauses.pause(self.db, suspect, self.first_pause_seconds, self.outbox.channels, now)
        if paused is None:
            return False
        if not suspect.observed:
            # The sums so far hold what was pumped, as if it were usual.
            conversions.sum_up_again(self.db, before.until)
        self._tell(*paused)
        return True

    def _past(self, kind: str, recent: Recent, place: bytes, before: Span) -> Figures:
        return conversions.past(self.db, kind, conversions.subject_of(recent.app, place), before)

    def _tell(self, paused: Pause, notices: list[str]) -> None:
        log.warning(
            "guard_observed" if paused.observed else "guard_paused",
            app=paused.app,
            kind=paused.kind.value,
            name=paused.name,
            reason=paused.reason,
            observed_only=paused.observed or self.mode is GuardMode.OBSERVE,
        )
        self.outbox.send(notices)


def _label(kind: PumpedKind, recent: Recent) -> str:
    if kind is PumpedKind.COUNTRY:
        return recent.country
    # A block is ten thousand numbers: what is shown of it is nobody's number.
    return f"{recent.number[:-BLOCK_DIGITS]}{'*' * BLOCK_DIGITS}" if recent.number else recent.country


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
