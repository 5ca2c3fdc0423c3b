"""What a load needs, reckoned: SIMs, cores, processes, database; and what of it runs out first."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from otp_worker.devtools.capacity.figures import MEASURED, Figures

DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Demand:
    """What is asked for, and what there is to serve it; None for as much as it needs.

    ``peak_factor`` is the busiest minute's rate by the day's mean.
    """

    codes_per_day: int
    peak_factor: float = 5.0
    sim_per_minute: int = 20
    sims: int | None = None
    cores: int | None = None
    checks_per_code: float = 1.2
    gateway_seconds: float = 0.2
    retention_days: int = 30

    @property
    def mean(self) -> float:
        """Codes a second over the day."""
        return self.codes_per_day / DAY_SECONDS

    @property
    def peak(self) -> float:
        """Codes a second in the busiest minute."""
        return self.mean * self.peak_factor


@dataclass(frozen=True, slots=True)
class Line:
    """One need: how much, how it is reckoned, and how much of it there is, if that was told."""

    name: str
    needed: float
    unit: str
    reckoned: str
    given: float | None = None

    @property
    def share(self) -> float | None:
        """Of what is given, how much is needed; above 1 it is not enough."""
        return self.needed / self.given if self.given else None


def sheet(demand: Demand, figures: Figures = MEASURED) -> list[Line]:
    """Every need of a load, SIMs first."""
    peak, pace = demand.peak, demand.sim_per_minute
    sims = math.ceil(peak * 60 / pace)
    sending = peak / figures.codes_per_core
    checking = peak * demand.checks_per_code / figures.checks_per_core
    accepting = peak / figures.sends_per_core
    waiting = peak * demand.gateway_seconds / figures.threads_per_worker
    workers = math.ceil(max(sending, waiting))
    sweep = (demand.sims or sims) * figures.sweep_seconds_per_sim
    return [
        Line("SIMs", sims, "", f"{peak:,.1f} codes/s at the peak, {pace} a minute each", demand.sims),
        Line(
            "cores",
            math.ceil(sending + checking + accepting),
            "",
            f"{sending:,.1f} to send, {checking:,.1f} to check, {accepting:,.1f} to accept",
            demand.cores,
        ),
        Line("worker processes", workers, "", f"one a core, {figures.threads_per_worker} codes in hand each"),
        Line("memory of the workers", workers * figures.worker_megabytes, "MB", "each a process"),
        Line(
            "sweep",
            round(sweep, 3),
            "s",
            "while codes wait; it releases them at the SIMs' pace",
            _longest_sweep(demand.sims or sims, pace, figures),
        ),
        *_of_the_database(demand, figures),
    ]


def _of_the_database(demand: Demand, figures: Figures) -> list[Line]:
    peak, kept = demand.peak, demand.codes_per_day * demand.retention_days
    return [
        Line(
            "database writes",
            round(peak * figures.writes_per_code),
            "1/s",
            f"{figures.writes_per_code} a code; those that come together share a commit",
        ),
        Line("rows to purge", round(demand.mean), "1/s", "as many verifications as come in"),
        Line(
            "disk of the database",
            round(kept * figures.bytes_per_code / 1e9, 1),
            "GB",
            f"{kept:,} codes in {demand.retention_days} days",
        ),
    ]


def _longest_sweep(sims: int, pace: int, figures: Figures) -> float:
    """So long a sweep may take before it releases less than the SIMs could send."""
    return round(max(figures.released_at_once / (sims * pace / 60), figures.sweep_every_seconds), 3)


def runs_out_first(lines: Sequence[Line]) -> Line | None:
    """What is needed most of what there is; None where all of it is enough."""
    short = [line for line in lines if line.share is not None and line.share > 1]
    return max(short, key=lambda line: line.share or 0, default=None)
