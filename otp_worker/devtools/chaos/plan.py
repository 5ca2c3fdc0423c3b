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
    SWITCH_OVER = "switch over"
    """The primary is killed and its standby promoted; healed, the killed one is the standby."""
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

    LONG_OUTAGE = "phone offline beyond the deadline"
    HOOK_HANG = "webhook never answers"
    CLOCK_STEP = "clock stepped"
    SLOW_NAMES = "slow name look-ups"
    TLS_HANDSHAKE = "TLS handshake never ends"
    TLS_RESET = "TLS reset after the request"
    TLS_GARBLE = "TLS garbled after the request"
    REPEATABLE_READ = "repeatable read by default"
    FROZEN_FLOOD = "freeze under a flood"
    REPLICA = "turned into a replica"
    OUT_OF_MEMORY = "out of memory"
    NO_REPLICAS = "too few replicas to write"
    ALARM = "resource alarm"
    READ_ONLY = "read-only"
    FULL_DISK = "full disk"
    KILL_WEB_CHILD = "kill web child"
    """As KILL_CHILD, and the leader must outlive it."""


KILLS = frozenset({Kind.KILL, Kind.KILL_LEADER, Kind.KILL_CHILD, Kind.KILL_LOSING_DATA, Kind.KILL_WEB_CHILD})

HARMLESS = frozenset({Kind.HOOK_HANG, Kind.CLOCK_STEP})
"""What may delay no message at all: neither needs the webhook, nor a wall clock that is right."""
TLS_FAULTS = frozenset({Kind.TLS_HANDSHAKE, Kind.TLS_RESET, Kind.TLS_GARBLE})
"""After all but the first of them the phone has the message."""
FLOODS = frozenset({Kind.FROZEN_FLOOD, Kind.REPEATABLE_READ})
FREEZES = frozenset({Kind.FREEZE, Kind.FROZEN_FLOOD})
BROKER, DATABASE, GATEWAY, WEB, WEBHOOK, RESOLVER = (
    "broker",
    "database",
    "gateway",
    "web",
    "webhook",
    "resolver",
)
WORKERS = ("worker.1", "worker.2")
Card = tuple[Kind, str]

DURATIONS_SECONDS: dict[Kind, tuple[float, float]] = {
    Kind.HOOK_HANG: (45.0, 70.0),
    Kind.CLOCK_STEP: (3.0, 12.0),
    Kind.SLOW_NAMES: (2.0, 8.0),
    Kind.FROZEN_FLOOD: (3.0, 8.0),
    Kind.REPEATABLE_READ: (3.0, 8.0),
}
"""How long those last at least and at most that are not over as soon as the others."""
STEPS_SECONDS = (-3600.0, -600.0, -30.0, -2.0, 2.0, 30.0, 600.0, 3600.0)
LOOK_UP_SECONDS = (0.5, 20.0)
"""Up to what a resolver takes whose first servers are away (resolv.conf(5): 5 s a try, two tries each)."""
OUTAGE_OF_DEADLINE = (1.1, 1.4)
RUN_OF_OUTAGE = 3
"""A run has one long outage for each so many of its lengths, and one at least."""
QUIET_BEFORE_RETURN_SECONDS = 16.0
QUIET_AFTER_RETURN_SECONDS = 16.0
"""Nothing strikes around the end of a long outage, so that what follows is the service's own doing."""


@dataclass(frozen=True, slots=True)
class Cards:
    """What a run deals: kills, and other faults."""

    kills: tuple[Card, ...]
    others: tuple[Card, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: it begins ``at_seconds`` after the load does, and is healed ``for_seconds`` later.

    ``by_seconds`` is how far a clock is stepped, or how long a name look-up takes.
    """

    at_seconds: float
    for_seconds: float
    kind: Kind
    target: str
    by_seconds: float = 0.0

    @property
    def is_kill(self) -> bool:
        """Whether a process dies of it."""
        return self.kind in KILLS

    @property
    def heals_at(self) -> float:
        """When it is over, in seconds after the load began."""
        return round(self.at_seconds + self.for_seconds, 2)

    def __str__(self) -> str:
        by = f" by {self.by_seconds:+.1f} s" if self.by_seconds else ""
        return f"{self.target}: {self.kind}{by}, {self.for_seconds:.1f} s"


def plan_faults(
    seed: int, seconds: float, kills: int, cards: Cards, *, deadline_seconds: float = 120.0
) -> list[Fault]:
    """The faults of a run of that length, in order; ``kills`` of them are kills if there are such cards.

    Every kind comes up about equally often, those that last long only as often as there is time. What is due
    while its target is frozen is struck later.
    """
    chance = random.Random(seed)  # nosec B311 # noqa: S311 - a plan must be repeatable, not secret
    outages = _plan_outages(seed, seconds, cards, deadline_seconds)
    others = tuple(card for card in cards.others if card[0] is not Kind.LONG_OUTAGE)
    wanted = [cards.kills] * (kills if cards.kills else 0)
    wanted += [others] * (round(kills * OTHERS_PER_KILL) if others else 0)
    chance.shuffle(wanted)
    quiet_seconds = len(outages) * (QUIET_BEFORE_RETURN_SECONDS + QUIET_AFTER_RETURN_SECONDS)
    span = seconds * (1 - QUIET_END) - QUIET_START_SECONDS - quiet_seconds
    decks = {each: _Deck(each, chance) for each in (cards.kills, others)}
    free_at: dict[str, float] = {}
    faults = list(outages)
    for position, hand in enumerate(wanted):
        at = _spread(QUIET_START_SECONDS + span * (position + chance.random()) / len(wanted), outages)
        outage = _outage_near(at, outages)
        if outage is not None:
            free_at[GATEWAY] = outage.heals_at + SETTLING_SECONDS
        kind, target = decks[hand].deal(at, free_at)
        lasts_long = kind in DURATIONS_SECONDS or (outage is not None and target == GATEWAY)
        if lasts_long and at < free_at.get(target, 0):
            # Struck later it would outlast the run, and at once the first to heal would end both.
            decks[hand].take_back((kind, target))
            continue
        healed_at = free_at.get(target, 0) - SETTLING_SECONDS
        if at < healed_at < seconds:
            at = healed_at
        fault = Fault(round(at, 2), round(_duration(kind, chance), 2), kind, target, _by(kind, chance))
        free_at[target] = fault.heals_at + SETTLING_SECONDS
        faults.append(fault)
    return sorted(faults, key=lambda fault: fault.at_seconds)


def _plan_outages(seed: int, seconds: float, cards: Cards, deadline_seconds: float) -> list[Fault]:
    """The outages that outlast the deadline, each within its own equal part of the run."""
    if (Kind.LONG_OUTAGE, GATEWAY) not in cards.others:
        return []
    chance = random.Random(f"{seed} outages")  # nosec B311 # noqa: S311 - repeatable, not secret
    number = max(1, int(seconds / (deadline_seconds * OUTAGE_OF_DEADLINE[1] * RUN_OF_OUTAGE)))
    part = seconds / number
    outages = []
    for position in range(number):
        lasts = deadline_seconds * chance.uniform(*OUTAGE_OF_DEADLINE)
        room = part - QUIET_START_SECONDS - lasts - QUIET_AFTER_RETURN_SECONDS
        at = position * part + QUIET_START_SECONDS + chance.uniform(0, max(room, 0))
        outages.append(Fault(round(at, 2), round(lasts, 2), Kind.LONG_OUTAGE, GATEWAY))
    return outages


def _spread(at: float, outages: list[Fault]) -> float:
    """That instant of a time without quiet as one of the run's, in which the quiet ones are left out."""
    for outage in outages:
        if at >= outage.heals_at - QUIET_BEFORE_RETURN_SECONDS:
            at += QUIET_BEFORE_RETURN_SECONDS + QUIET_AFTER_RETURN_SECONDS
    return at


def _outage_near(at: float, outages: list[Fault]) -> Fault | None:
    """The outage that holds the gateway then, or before another trouble of it could be over."""
    early = LONGEST_SECONDS + SETTLING_SECONDS
    return next((each for each in outages if each.at_seconds - early <= at < each.heals_at), None)


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

    def take_back(self, card: Card) -> None:
        """Deal that card once more, after the others."""
        self._left.append(card)


def _duration(kind: Kind, chance: random.Random) -> float:
    if kind is Kind.CUT:
        return 0.0
    # A killed process is started again as fast as a production unit does; the rest may last longer.
    longest = 2.0 if kind in KILLS else LONGEST_SECONDS
    return chance.uniform(*DURATIONS_SECONDS.get(kind, (SHORTEST_SECONDS, longest)))


def _by(kind: Kind, chance: random.Random) -> float:
    if kind is Kind.CLOCK_STEP:
        return chance.choice(STEPS_SECONDS)
    return round(chance.uniform(*LOOK_UP_SECONDS), 2) if kind is Kind.SLOW_NAMES else 0.0
