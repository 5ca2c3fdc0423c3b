"""The pumping guard: the sweep that pauses pumped blocks and countries. ``pauses.py`` is asked by sends."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from otp_worker.domain.limits import BLOCK_DIGITS
from otp_worker.domain.ports import Outbox
from otp_worker.domain.pumping import (
    BASELINE_HOURS,
    FALL,
    SETTLING_SECONDS,
    WINDOW_SECONDS,
    Figures,
    GuardMode,
    PumpedKind,
    highest_conversion,
    is_pumped,
    usual,
)
from otp_worker.protection.isolation import isolated
from otp_worker.store import conversions, pauses
from otp_worker.store.conversions import Recent
from otp_worker.store.database import Database
from otp_worker.store.pauses import Pause, Suspect
from otp_worker.store.sent_codes import Span

log = structlog.get_logger()

COUNTRY_SENDS = 5
"""A country is judged from so many times the sends on that a block is."""


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
        paused = 0
        for kind, min_sends in self._min_sends().items():
            for recent in conversions.recent(self.db, kind, Span(since, until), min_sends):
                # Most are seen to be well without a look at what is usual there.
                if highest_conversion(recent.figures) < 1 / FALL:
                    with isolated("guard", kind=kind.value, app=recent.app):
                        paused += self._judge(kind, recent, Span(oldest, since), now)
        return paused

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
