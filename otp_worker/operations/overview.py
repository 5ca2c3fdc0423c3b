"""The first thing that an operator looks at: figures over all verifications, and one sentence."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from otp_worker.domain.errors import BrokerUnavailableError
from otp_worker.domain.headline import Situation, headline
from otp_worker.domain.overview import (
    Backlog,
    CountryView,
    Hop,
    HopTimes,
    Overview,
    PausedView,
    SimView,
    Stage,
    Tile,
    Window,
)
from otp_worker.domain.percentile import percentile
from otp_worker.domain.pumping import PumpedKind
from otp_worker.domain.tally import Counted
from otp_worker.operations.health import Health, Vitals
from otp_worker.operations.sim_views import sim_views
from otp_worker.store import overview as statements
from otp_worker.store import pauses, tallies
from otp_worker.store.counted_steps import count_steps
from otp_worker.store.database import Database
from otp_worker.store.pauses import Pause
from otp_worker.store.tallies import Period

PROBLEMS_SHOWN = 10
_OF_STAGE = {
    Stage.ACCEPTED: Counted.ACCEPTED,
    Stage.HANDED_OVER: Counted.HANDED_OVER,
    Stage.DELIVERED: Counted.DELIVERED,
    Stage.APPROVED: Counted.APPROVED,
    Stage.FAILED: Counted.NOT_ARRIVED,
}
_OF_COUNTRY = [Counted.ACCEPTED, Counted.HANDED_OVER, Counted.DELIVERED, Counted.APPROVED]
Labelled = Mapping[str, Counter[tuple[str, ...]]]
"""What was counted in the window, by name and labels."""


@dataclass(frozen=True, slots=True)
class OverviewReader:
    """Reads everything that the first page shows."""

    health: Health

    def read(self, window: Window, now: datetime, zone: tzinfo = UTC) -> Overview:
        """All of it as of now; the sentence tells instants in ``zone``.

        Raises a DatabaseError where the database is away.
        """
        db = self.health.db
        # First, so that the figures are of this moment although no sweep may run.
        count_steps(db, now, batches=1)
        bars = bars_of(window, now)
        period = Period(window.span, bars[0])
        labelled = tallies.by_labels(db, period, [*_OF_COUNTRY, Counted.REFUSED])
        vitals = self.health.vitals(now)
        active = pauses.active_pauses(db, now)
        tiles = _tiles(db, period, bars)
        sims = sim_views(vitals, statements.canary_results(db, now))
        paused = tuple(view for each in active if (view := _paused(each)) is not None)
        hops = _hops(db, period)
        backlog = statements.backlog(db)
        situation = self._situation(window, now, zone, vitals, tiles, sims, paused, hops, backlog)
        return Overview(
            at=now,
            window=window,
            since=bars[0],
            headline=headline(situation),
            tiles=tiles,
            hops=hops,
            sims=sims,
            countries=_countries(labelled, active),
            paused=paused,
            refusals=_refusals(labelled),
            problems=statements.latest_problems(db, now, PROBLEMS_SHOWN),
            backlog=backlog,
        )

    def countries(self, window: Window, now: datetime) -> tuple[CountryView, ...]:
        """What became of the codes to each country, and nothing else of it.

        Raises a DatabaseError where the database is away.
        """
        db = self.health.db
        count_steps(db, now, batches=1)
        period = Period(window.span, bars_of(window, now)[0])
        return _countries(tallies.by_labels(db, period, _OF_COUNTRY), pauses.active_pauses(db, now))

    def _situation(
        self,
        window: Window,
        now: datetime,
        zone: tzinfo,
        vitals: Vitals,
        tiles: Sequence[Tile],
        sims: Sequence[SimView],
        paused: Sequence[PausedView],
        hops: Sequence[HopTimes],
        backlog: Backlog,
    ) -> Situation:
        sweep, workers = self.health.running(vitals)
        totals = {tile.stage: tile.total for tile in tiles}
        ever = tallies.ever(self.health.db, [Counted.ACCEPTED])
        return Situation(
            now=now,
            zone=zone,
            window=window,
            sweep_runs=sweep.ok,
            sweep_age=vitals.last_sweep_seconds,
            worker_runs=workers.ok,
            worker_age=vitals.last_worker_seconds,
            broker_answers=self._broker_answers(),
            oldest_due_seconds=vitals.oldest_due_seconds,
            backlog=backlog,
            sims=sims,
            paused=paused,
            failing_channels=[name for name, fails in vitals.notice_channels.items() if fails],
            ever_accepted=sum(total.count for total in ever.values()),
            accepted=totals[Stage.ACCEPTED],
            failed=totals[Stage.FAILED],
            hops=hops,
        )

    def _broker_answers(self) -> bool:
        try:
            self.health.check_broker()
        except BrokerUnavailableError:
            return False
        return True


def bars_of(window: Window, now: datetime) -> list[datetime]:
    """When each bar of a strip begins, the oldest first; the last one is not over yet."""
    last = tallies.begin_of(window.span, now)
    return [last - n * window.span for n in reversed(range(window.bars))]


def _tiles(db: Database, period: Period, bars: Sequence[datetime]) -> tuple[Tile, ...]:
    counted = tallies.by_time(db, period, list(_OF_STAGE.values()))
    strips = {stage: tuple(counted[name][begin] for begin in bars) for stage, name in _OF_STAGE.items()}
    return tuple(Tile(stage, sum(strip), strip) for stage, strip in strips.items())


def _hops(db: Database, period: Period) -> tuple[HopTimes, ...]:
    counted = tallies.by_bucket(db, period, [Counted(hop) for hop in Hop])
    return tuple(
        HopTimes(hop, times.total(), percentile(0.5, times), percentile(0.95, times))
        for hop, times in zip(Hop, counted.values(), strict=True)
    )


def _countries(labelled: Labelled, active: Sequence[Pause]) -> tuple[CountryView, ...]:
    """What became of the codes to each country, most first; those that are paused are there in any case."""
    totals: Counter[tuple[str, str]] = Counter()
    for name in _OF_COUNTRY:
        for labels, count in labelled[name].items():
            totals[labels[0], name] += count
    until = {
        each.label: each.paused_until
        for each in active
        if each.kind is PumpedKind.COUNTRY and each.paused_until
    }
    views = [
        CountryView(
            country=country,
            accepted=totals[country, Counted.ACCEPTED],
            handed_over=totals[country, Counted.HANDED_OVER],
            delivered=totals[country, Counted.DELIVERED],
            approved=totals[country, Counted.APPROVED],
            paused_until=until.get(country),
        )
        for country in {*(country for country, _ in totals), *until}
    ]
    return tuple(sorted(views, key=lambda view: (-view.accepted, view.country)))


def _refusals(labelled: Labelled) -> dict[str, int]:
    """How often each reason refused a request, most first."""
    counted = labelled[Counted.REFUSED].most_common()
    return {labels[0]: count for labels, count in counted}


def _paused(pause: Pause) -> PausedView | None:
    if pause.paused_until is None:
        return None
    return PausedView(pause.name, pause.kind, pause.label, pause.app, pause.reason, pause.paused_until)
