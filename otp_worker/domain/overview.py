"""What an operator sees of the whole service at one look: plain figures, ready to be shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from otp_worker.domain.sim import Sim


class Window(StrEnum):
    """How far back the figures go."""

    QUARTER = "15m"
    DAY = "24h"
    MONTH = "30d"

    @property
    def span(self) -> timedelta:
        """The length of one bar of its strips."""
        return _SPANS[self][0]

    @property
    def bars(self) -> int:
        """How many bars its strips have, the last of which is not over yet."""
        return _SPANS[self][1]

    @property
    def words(self) -> str:
        """As it stands in a sentence: "in the last 15 min"."""
        return _SPANS[self][2]


_SPANS = {
    Window.QUARTER: (timedelta(seconds=30), 30, "15 min"),
    Window.DAY: (timedelta(hours=1), 24, "24 h"),
    Window.MONTH: (timedelta(days=1), 30, "30 days"),
}


class Stage(StrEnum):
    """How far codes come, in the order of the tiles. Handed over and delivered are SMS, the others codes."""

    ACCEPTED = "accepted"
    HANDED_OVER = "handed_over"
    DELIVERED = "delivered"
    APPROVED = "approved"
    FAILED = "failed"


class Hop(StrEnum):
    """From one point of a code's way to a later one."""

    ACCEPT_TO_GATEWAY = "accept_to_gateway"
    GATEWAY_TO_RECEIPT = "gateway_to_receipt"
    ACCEPT_TO_RECEIPT = "accept_to_receipt"
    ACCEPT_TO_APPROVED = "accept_to_approved"


class Severity(StrEnum):
    """How urgent the worst state is: nothing to do, worth a look, or to be mended now."""

    OK = "ok"
    LOOK = "look"
    FIX = "fix"


class SimCondition(StrEnum):
    """How a SIM stands."""

    WORKING = "working"
    SILENT = "silent"
    WAITING = "waiting"
    """Its gateway asked for fewer messages, or for a wait."""
    AWAY = "away"
    REFUSED = "refused"
    """Its gateway refuses our account."""


class ProblemKind(StrEnum):
    """What went wrong with an SMS."""

    FAILED = "failed"
    EXPIRED = "expired"
    UNDELIVERED = "undelivered"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Headline:
    """The one sentence, and how urgent it is."""

    severity: Severity
    sentence: str


@dataclass(frozen=True, slots=True)
class Tile:
    """How many codes, or SMS, came to a stage in the window; ``strip`` has a number for each bar.

    A code of which another SMS was asked for is one code and two SMS.
    """

    stage: Stage
    total: int
    strip: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class HopTimes:
    """How long a hop took in the window; None where nothing was measured."""

    hop: Hop
    count: int
    p50_seconds: float | None
    p95_seconds: float | None


@dataclass(frozen=True, slots=True)
class Budget:
    """What a SIM has used of a budget; a ``limit`` of 0 is none."""

    used: int
    limit: int

    @property
    def share(self) -> float:
        """The used share, from 0 to 1."""
        return min(self.used / self.limit, 1.0) if self.limit else 0.0

    @property
    def is_used_up(self) -> bool:
        """Whether nothing is left of it."""
        return bool(self.limit) and self.used >= self.limit


@dataclass(frozen=True, slots=True)
class CanaryResult:
    """The last canary to another SIM: what it took, or None if it was lost; ``lost`` of the last day's."""

    to_sim: str
    sent_at: datetime
    seconds: float | None
    lost: int


@dataclass(frozen=True, slots=True)
class SimView:
    """How one SIM stands; ``since`` and ``reason`` are of a condition other than working."""

    sim: Sim
    condition: SimCondition
    since: datetime | None
    reason: str | None
    last_seen_at: datetime | None
    battery_percent: float | None
    day: Budget
    month: Budget
    canaries: tuple[CanaryResult, ...]

    @property
    def can_send(self) -> bool:
        """Whether an SMS could leave over it, as far as is known."""
        well = self.condition in (SimCondition.WORKING, SimCondition.SILENT)
        return well and not self.day.is_used_up


@dataclass(frozen=True, slots=True)
class CountryView:
    """What became of the codes to a country in the window; ``paused_until`` while its sends are refused."""

    country: str
    accepted: int
    handed_over: int
    delivered: int
    approved: int
    paused_until: datetime | None

    @property
    def delivered_share(self) -> float | None:
        """The share of the SMS handed over that arrived; None where none was."""
        return min(self.delivered / self.handed_over, 1.0) if self.handed_over else None

    @property
    def approved_share(self) -> float | None:
        """The conversion: the share of accepted codes that were entered; None where there was none."""
        return min(self.approved / self.accepted, 1.0) if self.accepted else None


@dataclass(frozen=True, slots=True)
class PausedView:
    """A block or country that is paused now, by the name that lifts the pause."""

    name: str
    kind: str
    label: str
    app: str | None
    reason: str | None
    paused_until: datetime


@dataclass(frozen=True, slots=True)
class Problem:
    """An SMS that failed, expired, did not arrive, or waits for more than half a minute."""

    verification_id: str
    delivery_id: str
    kind: ProblemKind
    to: str
    country: str
    app: str
    reason: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Backlog:
    """The codes that wait for a SIM, and the first that will fail: how many, and when."""

    waiting: int = 0
    first_deadline: datetime | None = None
    failing_first: int = 0


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything that the first page shows, as of ``at``; the figures go back to ``since``."""

    at: datetime
    window: Window
    since: datetime
    headline: Headline
    tiles: tuple[Tile, ...]
    hops: tuple[HopTimes, ...]
    sims: tuple[SimView, ...]
    countries: tuple[CountryView, ...]
    paused: tuple[PausedView, ...]
    refusals: Mapping[str, int]
    problems: Sequence[Problem]
    backlog: Backlog
