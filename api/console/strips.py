"""Strips: how a figure went, as bars that the server draws."""

from collections.abc import Sequence
from dataclasses import dataclass

HEIGHT = 36
_STEP, _WIDTH = 10, 8
_LEAST = 2
"""A bar that is not empty is seen."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar, in the strip's own units."""

    x: int
    y: float
    width: int
    height: float


@dataclass(frozen=True, slots=True)
class Strip:
    """Bars from the oldest to the newest, each in proportion to the highest."""

    width: int
    bars: tuple[Bar, ...]


def strip(figures: Sequence[int]) -> Strip:
    """The bars of these figures; an empty one has none."""
    highest = max(figures, default=0) or 1
    bars = tuple(
        _bar(number, figure / highest * (HEIGHT - 1)) for number, figure in enumerate(figures) if figure
    )
    return Strip(max(len(figures), 1) * _STEP, bars)


def _bar(number: int, height: float) -> Bar:
    seen = max(height, _LEAST)
    return Bar(number * _STEP + (_STEP - _WIDTH) // 2, round(HEIGHT - 1 - seen, 2), _WIDTH, round(seen, 2))
