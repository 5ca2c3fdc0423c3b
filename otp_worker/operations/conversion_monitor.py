"""Looking after the share of codes that is entered: where it halves, SMS get lost and no gateway says so."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from otp_worker.domain.conversion import is_halved, usual_share
from otp_worker.domain.ports import Outbox
from otp_worker.domain.pumping import (
    BASELINE_HOURS,
    SETTLING_SECONDS,
    WINDOW_SECONDS,
    Figures,
    PumpedKind,
    usual,
)
from otp_worker.store import alerts, conversions
from otp_worker.store.alerts import CONVERSION_HALVED
from otp_worker.store.conversions import Recent
from otp_worker.store.database import Database
from otp_worker.store.sent_codes import Span

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ConversionMonitor:
    """The sweep with all it needs. What is usual is what the pumping guard sums up."""

    db: Database
    outbox: Outbox

    def check(self, now: datetime) -> int:
        """Judge the last hour, country by country; how many reports that made, each once while it lasts."""
        until = now - timedelta(seconds=SETTLING_SECONDS)
        hour = Span(until - timedelta(seconds=WINDOW_SECONDS), until)
        week = Span(now - timedelta(hours=BASELINE_HOURS), hour.since)
        by_country: dict[str, list[tuple[Figures, float | None]]] = defaultdict(list)
        for recent in conversions.recent(self.db, PumpedKind.COUNTRY, hour, 1):
            by_country[recent.country].append((recent.figures, self._usual(recent, week)))
        return sum(self._judge(country, *usual_share(apps), now) for country, apps in by_country.items())

    def _usual(self, recent: Recent, week: Span) -> float | None:
        """The share of an app's codes that is usually entered in that country, or else anywhere."""
        here = conversions.subject_of(recent.app, recent.country.encode())
        anywhere = conversions.subject_of(recent.app, conversions.EVERYBODY)
        past = [
            conversions.past(self.db, PumpedKind.COUNTRY, here, week),
            conversions.past(self.db, conversions.ALL, anywhere, week),
        ]
        return usual(past[0], 0.0, past[1]).conversion

    def _judge(self, country: str, recent: Figures, share: float, now: datetime) -> bool:
        halved = is_halved(recent, share)
        if halved is None:
            return False
        data = {
            "country": country,
            "sends": recent.sends,
            "approvals": recent.approvals,
            "usual_percent": round(100 * share),
        }
        told = alerts.note(self.db, CONVERSION_HALVED, country, data, self.outbox.channels, now, lasts=halved)
        if told is None:
            return False
        log.warning("conversion_halved" if halved else "conversion_back", **data)
        self.outbox.send(told)
        return True
