"""The busiest minutes of a load, event by event: which SIM, when, and what waits for what.

Which SIMs are tried in which order, and when one has a turn, the service's own rules say (``domain/sim.py``,
``domain/pace.py``). What they cost is measured. Arrivals are random and the same for the same seed.
"""

import heapq
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import count
from random import Random

from otp_worker.devtools.capacity.figures import MEASURED, Figures
from otp_worker.devtools.capacity.sheet import Demand
from otp_worker.domain.pace import has_turn, slot_after, turns_left
from otp_worker.domain.sim import Sim, order

START = datetime(2026, 1, 1, tzinfo=UTC)
DEADLINE_SECONDS = 300.0
BUSY = 0.9
"""What is in use for so large a share of the time has no room for more."""


class Part(StrEnum):
    """What can run out."""

    SIMS = "SIMs"
    CORES = "cores"
    SWEEP = "sweep"


@dataclass(frozen=True, slots=True)
class Simulated:
    """What came of it. ``busy`` is each part's share of its time; ``first`` the one that held codes up."""

    asked: int
    sent: int
    late: int
    waiting: int
    seconds_to_send: dict[str, float]
    sims_looked_at_per_code: float
    busy: dict[Part, float]
    first: Part | None


@dataclass(slots=True)
class _Code:
    number: bytes
    asked_at: float
    is_hashed: bool = False

    @property
    def deadline(self) -> float:
        return self.asked_at + DEADLINE_SECONDS


@dataclass(slots=True)
class Simulation:
    """One run: a load for so many seconds at its peak, and then until nothing is under way."""

    demand: Demand
    seconds: float
    seed: int = 1
    figures: Figures = MEASURED
    _now: float = 0.0
    _events: list[tuple[float, int, str, _Code | list[_Code] | None]] = field(default_factory=list)
    _number: Iterator[int] = field(default_factory=count)
    _queue: deque[_Code] = field(default_factory=deque)
    _waiting: list[tuple[float, int, _Code]] = field(default_factory=list)
    _slots: dict[str, datetime] = field(default_factory=dict)
    _took: list[float] = field(default_factory=list)
    _busy: dict[Part, float] = field(default_factory=lambda: dict.fromkeys(Part, 0.0))
    _free_cores: int = 0
    _in_hand: int = 0
    _asked: int = 0
    _late: int = 0
    _turns: int = 0

    def run(self) -> Simulated:
        """Play it through."""
        chance = Random(self.seed)  # nosec B311 # noqa: S311 - the same every time, and no secret
        sims = self._sims()
        self._free_cores = self._cores()
        self._at(chance.expovariate(self.demand.peak), "asked", None)
        self._at(self.figures.sweep_every_seconds, "sweep", None)
        while self._events and self._events[0][0] <= self.seconds:
            self._now, _, kind, what = heapq.heappop(self._events)
            if kind == "asked":
                self._asked += 1
                self._queue.append(_Code(chance.randbytes(8), self._now))
                self._at(self._now + chance.expovariate(self.demand.peak), "asked", None)
            elif kind == "sweep":
                self._sweep(sims)
            elif kind == "released" and isinstance(what, list):
                self._queue.extend(what)
            elif kind == "worked" and isinstance(what, _Code):
                self._route(what, sims)
            else:
                self._in_hand -= 1
            self._take_up()
        return self._told(sims)

    def _sims(self) -> list[Sim]:
        pace = self.demand.sim_per_minute
        number = self.demand.sims or round(self.demand.peak * 60 / pace) + 1
        return [Sim(f"sim-{n}", "phone", pace_per_minute=pace) for n in range(number)]

    def _cores(self) -> int:
        return self.demand.cores or round(self.demand.peak / self.figures.codes_per_core) + 1

    def _at(self, when: float, kind: str, what: _Code | list[_Code] | None) -> None:
        heapq.heappush(self._events, (when, next(self._number), kind, what))

    def _instant(self) -> datetime:
        return START + timedelta(seconds=self._now)

    def _take_up(self) -> None:
        """Workers take from the queue what they have a core and a thread for."""
        most = self._cores() * self.figures.threads_per_worker
        while self._queue and self._free_cores and self._in_hand < most:
            code = self._queue.popleft()
            if code.deadline <= self._now:
                self._late += 1
                continue
            seconds = self.figures.again_seconds if code.is_hashed else 1 / self.figures.codes_per_core
            self._free_cores -= 1
            self._in_hand += 1
            self._busy[Part.CORES] += seconds
            self._at(self._now + seconds, "worked", code)

    def _route(self, code: _Code, sims: list[Sim]) -> None:
        """The code is hashed: the first SIM in its order that has a turn sends it, or it waits."""
        code.is_hashed = True
        self._free_cores += 1
        now = self._instant()
        for sim in order(sims, code.number):
            self._turns += 1
            slot = max(self._slots.get(sim.name, now), now)
            if has_turn(sim, slot, now):
                self._slots[sim.name] = slot_after(sim, slot, now) or now
                self._took.append(self._now + self.demand.gateway_seconds - code.asked_at)
                self._at(self._now + self.demand.gateway_seconds, "answered", None)
                return
        self._in_hand -= 1
        heapq.heappush(self._waiting, (code.deadline, next(self._number), code))

    def _sweep(self, sims: list[Sim]) -> None:
        """Release what waits, nearest deadline first, as far as the SIMs have turns."""
        while self._waiting and self._waiting[0][0] <= self._now:
            heapq.heappop(self._waiting)
            self._late += 1
        took = len(sims) * self.figures.sweep_seconds_per_sim if self._waiting else 0.0
        self._busy[Part.SWEEP] += took
        most = max(self.figures.released_at_once - len(self._queue), 0)
        now = self._instant()
        turns = sum(turns_left(sim, max(self._slots.get(sim.name, now), now), now, most) for sim in sims)
        released = [heapq.heappop(self._waiting)[2] for _ in range(min(turns, most, len(self._waiting)))]
        if released:
            self._at(self._now + took, "released", released)
        self._at(self._now + max(self.figures.sweep_every_seconds, took), "sweep", None)

    def _told(self, sims: list[Sim]) -> Simulated:
        could = len(sims) * self.demand.sim_per_minute / 60 * self.seconds
        self._busy[Part.SIMS] = len(self._took) / could
        self._busy[Part.CORES] /= self._cores() * self.seconds
        self._busy[Part.SWEEP] /= self.seconds
        took = sorted(self._took)
        quantiles = {f"p{q}": round(took[(len(took) - 1) * q // 100], 3) for q in (50, 99)} if took else {}
        return Simulated(
            asked=self._asked,
            sent=len(took),
            late=self._late,
            waiting=len(self._waiting) + len(self._queue),
            seconds_to_send=quantiles,
            sims_looked_at_per_code=round(self._turns / max(len(took), 1), 2),
            busy={part: round(share, 3) for part, share in self._busy.items()},
            first=self._first(),
        )

    def _first(self) -> Part | None:
        """What held codes up; None where hardly any waited. What is not busy was held up by the sweep."""
        if not self._late and len(self._waiting) + len(self._queue) <= self.demand.peak:
            return None
        busiest = max((Part.SIMS, Part.CORES), key=lambda part: self._busy[part])
        return busiest if self._busy[busiest] >= BUSY else Part.SWEEP
