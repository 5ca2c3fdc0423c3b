"""What a scenario comes to: figures round by round, those of its baseline, and the ratio of the two."""

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from otp_worker.devtools.bench.bench import Bench


class Compare(StrEnum):
    """What the goal is about: the figure as a multiple of the baseline's, or what it is over it."""

    RATIO = "ratio"
    DIFFERENCE = "difference"


@dataclass(frozen=True, slots=True)
class Measurement:
    """A figure and its baseline, one value of each a round, in turn. The goal is told, not asserted."""

    name: str
    unit: str
    baseline_name: str
    goal: str
    subject: Sequence[float]
    baseline: Sequence[float]
    compare: Compare = Compare.RATIO

    @property
    def ratio(self) -> float:
        """The median of the figure by the median of the baseline."""
        return statistics.median(self.subject) / statistics.median(self.baseline)

    @property
    def ratios(self) -> list[float]:
        """The ratio of each round."""
        return [figure / baseline for figure, baseline in zip(self.subject, self.baseline, strict=True)]

    @property
    def difference(self) -> float:
        """The median of the figure less the median of the baseline, in the same unit."""
        return statistics.median(self.subject) - statistics.median(self.baseline)

    def as_dict(self) -> dict[str, Any]:
        """As it is written to JSON."""
        return {
            "name": self.name,
            "unit": self.unit,
            "goal": self.goal,
            "compared_by": self.compare.value,
            "subject": _told(self.subject),
            "baseline": {"what": self.baseline_name, **_told(self.baseline)},
            "ratio": self.ratio,
            "ratio_spread": [min(self.ratios), max(self.ratios)],
            "difference": self.difference,
        }


@dataclass(frozen=True, slots=True)
class Pace:
    """How much was done a second, and what of the processor each took of the processes that did it."""

    per_s: float
    cpu_ms: float

    @classmethod
    def of(cls, count: int, seconds: float, cpu_seconds: float) -> "Pace":
        """The pace of so many in that time."""
        return cls(count / seconds, cpu_seconds * 1000 / count)


def paces(
    name: str, baseline_name: str, goal: str, subject: "Sequence[Pace]", baseline: "Sequence[Pace]"
) -> "list[Measurement]":
    """The two figures of a pace: so many a second, and the processor's time of each."""
    return [
        Measurement(
            name,
            "1/s",
            baseline_name,
            goal,
            [each.per_s for each in subject],
            [each.per_s for each in baseline],
        ),
        Measurement(
            f"{name}, CPU of each",
            "ms",
            baseline_name,
            "told",
            [each.cpu_ms for each in subject],
            [each.cpu_ms for each in baseline],
        ),
    ]


@dataclass(frozen=True, slots=True)
class Measured:
    """All that a scenario measured, and the settings under which; ``notes`` are for the reader."""

    measurements: Sequence[Measurement]
    settings: Mapping[str, object] = field(default_factory=dict)
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario: its name, what it is about, and how it is measured."""

    name: str
    about: str
    measure: "Callable[[Bench], Measured]"
    by_name: bool = False
    """Whether it is measured only where it is named: it takes long, or needs something."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a scenario: it was measured, or ``failed`` says why not."""

    scenario: Scenario
    seconds: float
    measured: Measured | None = None
    failed: str | None = None
    disturbed: str | None = None
    """What ended the first try, where it was measured at the second."""

    def as_dict(self) -> dict[str, Any]:
        """As it is written to JSON."""
        measured = self.measured or Measured(())
        return {
            "about": self.scenario.about,
            "seconds": round(self.seconds, 1),
            "failed": self.failed,
            "disturbed": self.disturbed,
            "settings": dict(measured.settings),
            "notes": list(measured.notes),
            "measurements": [each.as_dict() for each in measured.measurements],
        }


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that is not exceeded by that percentage of them (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(math.ceil(len(ordered) * percent / 100) - 1, 0)]


def _told(values: Sequence[float]) -> dict[str, object]:
    return {
        "rounds": list(values),
        "median": statistics.median(values),
        "spread": [min(values), max(values)],
    }
