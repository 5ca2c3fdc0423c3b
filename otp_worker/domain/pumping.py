"""SMS pumping: codes asked for by the block, by somebody who is paid for each SMS and enters none of them.

One pure judgement: what an app sends to a block of numbers, or to a country, is pumped when far fewer of the
codes are entered than usual there while more of them are asked for than usual. Either alone is everyday life.
Where an app has no past, nobody knows what is usual: a load test, or an app that never checks, looks alike.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

WINDOW_SECONDS = 3600
"""What is judged is the last hour."""
SETTLING_SECONDS = 180
"""A code younger than this may still be entered, and is not judged yet."""
BASELINE_HOURS = 7 * 24
"""What is usual is what was so in these hours before."""

RISE = 3.0
"""So many times the usual number of sends is a rise."""
FALL = 3.0
"""So many times fewer codes entered than usual is a fall."""
ENOUGH_SENDS = 50
"""With fewer sends than this in its past, a block's or country's own conversion is not known."""
ASSUMED_CONVERSION = 0.5
"""What is worth telling of where nothing is known is judged by this; nothing is paused for it."""
LONGEST_PAUSE_SECONDS = 86_400

_Z = 1.96


class PumpedKind(StrEnum):
    """What is judged as a whole."""

    BLOCK = "block"
    COUNTRY = "country"


class GuardMode(StrEnum):
    """What the guard does about pumping: pause it, only tell of it, or nothing."""

    ON = "on"
    OBSERVE = "observe"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Figures:
    """How many codes were sent, and how many of them were entered."""

    sends: int
    approvals: int

    @property
    def conversion(self) -> float:
        """The share of codes that were entered."""
        return self.approvals / self.sends if self.sends else 0.0


@dataclass(frozen=True, slots=True)
class Usual:
    """What is usual: sends in an hour, and the share of them that is entered; None where it is not known."""

    sends_an_hour: float | None
    conversion: float | None


def usual(own: Figures, hours: float, *wider: Figures) -> Usual:
    """What is usual for one that sent ``own`` in so many hours; ``wider`` stand in where that is little."""
    known = next((figures for figures in (own, *wider) if figures.sends >= ENOUGH_SENDS), None)
    return Usual(own.sends / hours if hours >= 1 else None, known.conversion if known else None)


def is_pumped(recent: Figures, usually: Usual, min_sends: int) -> bool:
    """Whether the last hour looks like pumping; of fewer than ``min_sends`` nothing can be said."""
    if recent.sends < min_sends:
        return False
    risen = recent.sends >= RISE * (usually.sends_an_hour or 0.0)
    conversion = ASSUMED_CONVERSION if usually.conversion is None else usually.conversion
    return risen and highest_conversion(recent) < conversion / FALL


def highest_conversion(figures: Figures) -> float:
    """The upper end of the Wilson score interval (95 %): few sends prove little."""
    sends, share = figures.sends, figures.conversion
    centre = share + _Z**2 / (2 * sends)
    spread = _Z * math.sqrt(share * (1 - share) / sends + _Z**2 / (4 * sends**2))
    return min((centre + spread) / (1 + _Z**2 / sends), 1.0)


def pause_seconds(first: int, pauses: int) -> int:
    """How long the pause lasts that is the ``pauses``-th in a row: each one twice the last, up to a day."""
    doublings = min(pauses - 1, 20)
    return min(first << doublings, LONGEST_PAUSE_SECONDS)
