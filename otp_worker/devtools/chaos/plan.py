"""Which fault strikes what, when, and for how long: a pure function of the seed."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

MIN_KILLS = 20
QUIET_START_SECONDS = 2.0
QUIET_END = 0.05
SHORTEST_SECONDS = 0.3
LONGEST_SECONDS = 5.0
OTHERS_PER_KILL = 0.8
SETTLING_SECONDS = 4.0
"""What was struck is left alone for so long after it healed: a process needs that to come back at all."""


class Kind(StrEnum):
    """What is done to a target."""

    KILL = "kill"
    """kill -9 of the whole process group."""
    KILL_LEADER = "kill leader"
    """kill -9 of the group's first process alone; the rest is ended before the restart."""
    KILL_CHILD = "kill child"
    """kill -9 of one process that the leader started."""
    KILL_LOSING_DATA = "kill and lose data"
    FREEZE = "freeze"
    RESTART = "restart"
    REFUSE = "refuse connections"
    BLACKHOLE = "half-open connections"
    CUT = "cut connections"
    SLOW_LINK = "slow connections"
    OFFLINE = "phone offline"
    SLOW = "slow answers"
    ERROR = "answers 500"
    HANG = "no answer"
    LOSE_REPLY = "answer lost"
    DRIP = "answer drips"


KILLS = frozenset({Kind.KILL, Kind.KILL_LEADER, Kind.KILL_CHILD, Kind.KILL_LOSING_DATA})

BROKER, DATABASE, GATEWAY, WEB = "broker", "database", "gateway", "web"
WORKERS = ("worker.1", "worker.2")
Card = tuple[Kind, str]

KILL_CARDS: tuple[Card, ...] = (
    (Kind.KILL, WORKERS[0]),
    (Kind.KILL, WORKERS[1]),
    (Kind.KILL_LEADER, WORKERS[0]),
    (Kind.KILL_LEADER, WORKERS[1]),
    (Kind.KILL_LEADER, WEB),
    (Kind.KILL_CHILD, WEB),
    (Kind.KILL, "upkeep"),
    (Kind.KILL, "beat"),
    (Kind.KILL, BROKER),
    (Kind.KILL_LOSING_DATA, BROKER),
)
OTHER_CARDS: tuple[Card, ...] = (
    (Kind.FREEZE, WORKERS[0]),
    (Kind.FREEZE, WORKERS[1]),
    (Kind.FREEZE, BROKER),
    (Kind.REFUSE, BROKER),
    (Kind.BLACKHOLE, BROKER),
    (Kind.CUT, BROKER),
    (Kind.SLOW_LINK, BROKER),
    (Kind.OFFLINE, GATEWAY),
    (Kind.SLOW, GATEWAY),
    (Kind.ERROR, GATEWAY),
    (Kind.HANG, GATEWAY),
    (Kind.LOSE_REPLY, GATEWAY),
    (Kind.DRIP, GATEWAY),
)
DATABASE_CARDS: tuple[Card, ...] = ((Kind.RESTART, DATABASE),)


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: it begins ``at_seconds`` after the load does, and is healed ``for_seconds`` later."""

    at_seconds: float
    for_seconds: float
    kind: Kind
    target: str

    @property
    def is_kill(self) -> bool:
        """Whether a process dies of it."""
        return self.kind in KILLS

    @property
    def heals_at(self) -> float:
        """When it is over, in seconds after the load began."""
        return self.at_seconds + self.for_seconds

    def __str__(self) -> str:
        return f"{self.target}: {self.kind}, {self.for_seconds:.1f} s"


def plan_faults(seed: int, seconds: float, kills: int, *, server_database: bool) -> list[Fault]:
    """The faults of a run of that length, in order; at least ``kills`` of them are kills.

    Every kind comes up about equally often. What is due while its target is frozen is struck later.
    """
    chance = random.Random(seed)  # nosec B311 # noqa: S311 - a plan must be repeatable, not secret
    others = OTHER_CARDS + (DATABASE_CARDS if server_database else ())
    wanted = [KILL_CARDS] * kills + [others] * round(kills * OTHERS_PER_KILL)
    chance.shuffle(wanted)
    span = seconds * (1 - QUIET_END) - QUIET_START_SECONDS
    decks = {KILL_CARDS: _Deck(KILL_CARDS, chance), others: _Deck(others, chance)}
    free_at: dict[str, float] = {}
    faults = []
    for position, cards in enumerate(wanted):
        at = QUIET_START_SECONDS + span * (position + chance.random()) / len(wanted)
        kind, target = decks[cards].deal(at, free_at)
        fault = Fault(round(at, 2), round(_duration(kind, chance), 2), kind, target)
        free_at[target] = fault.heals_at + SETTLING_SECONDS
        faults.append(fault)
    return faults


class _Deck:
    """Cards dealt in a shuffled order until all were out, then shuffled again."""

    def __init__(self, cards: Sequence[Card], chance: random.Random) -> None:
        self._cards = cards
        self._chance = chance
        self._left: list[Card] = []

    def deal(self, at: float, free_at: dict[str, float]) -> Card:
        """The next card whose target is free then; where none is, the one that will be soonest."""
        if not self._left:
            self._left = self._chance.sample(self._cards, len(self._cards))
        fits = [card for card in self._left if free_at.get(card[1], 0) <= at]
        card = fits[0] if fits else min(self._left, key=lambda each: free_at[each[1]])
        self._left.remove(card)
        return card


def _duration(kind: Kind, chance: random.Random) -> float:
    if kind is Kind.CUT:
        return 0.0
    # A killed process is started again as fast as a production unit does; the rest may last longer.
    longest = 2.0 if kind in KILLS else LONGEST_SECONDS
    return chance.uniform(SHORTEST_SECONDS, longest)
