"""Conversion: how many codes were sent, arrived and were entered, told apart by what is asked for."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from otp_worker.domain.errors import InvalidFieldError
from otp_worker.domain.pumping import PumpedKind
from otp_worker.domain.sent_codes import DAY, HOUR, NO_SIM, SETTLED_AFTER, Cell, Dimension, SentCodes
from otp_worker.store import conversion_figures as statements
from otp_worker.store import conversion_sums, pauses
from otp_worker.store.conversion_figures import Block, Figure, Window
from otp_worker.store.database import Database
from otp_worker.store.tallies import KEPT, begin_of

MOST = 500
DEFAULT_LIMIT = 100
DEFAULT_SPAN = timedelta(days=1)
_PARTS_BEFORE = 4
"""So many parts are summed up before an answer, where no sweep has."""
_BY_TIME = (Dimension.HOUR, Dimension.DAY)


@dataclass(frozen=True, slots=True)
class Question:
    """Which codes are looked at, and what they are told apart by. None is any, or the last 24 hours."""

    by: Dimension = Dimension.COUNTRY
    since: datetime | None = None
    until: datetime | None = None
    app: str | None = None
    country: str | None = None
    template: str | None = None
    sim: str | None = None
    limit: int = DEFAULT_LIMIT


@dataclass(frozen=True, slots=True)
class Group:
    """The codes of one app, country, block, template, SIM, hour or day.

    A block is called by the name that the pumping guard has for it; it has a country, and a ``label`` where
    the guard knows how its numbers begin.
    """

    value: str | datetime | None
    codes: SentCodes
    country: str | None = None
    label: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What is found. ``total`` is of all groups, of which ``more`` than those may be there.

    Codes that were asked for after ``settled_until`` may still arrive and be entered.
    """

    by: Dimension
    since: datetime
    until: datetime
    settled_until: datetime
    total: SentCodes
    groups: Sequence[Group]
    more: bool


@dataclass(frozen=True, slots=True)
class Conversions:
    """Reads the figures of conversion."""

    db: Database

    def read(self, question: Question, now: datetime) -> Report:
        """The codes of a window of whole hours or days. Raises InvalidFieldError."""
        return self.read_each(question, [question.by], now)[0]

    def read_each(self, question: Question, dimensions: Sequence[Dimension], now: datetime) -> list[Report]:
        """The same codes, told apart in several ways: a report for each. Raises InvalidFieldError."""
        windows = {by: window_of(replace(question, by=by), now) for by in dimensions}
        conversion_sums.sum_up(self.db, now, _PARTS_BEFORE)
        found: dict[Window, list[Figure]] = {}
        for window in windows.values():
            if window not in found:
                codes = statements.figures(self.db, window, now)
                found[window] = [each for each in codes if _is_wanted(each.cell, question)]
        return [
            self._report(replace(question, by=by), window, found[window], now)
            for by, window in windows.items()
        ]

    def _report(self, question: Question, window: Window, found: Sequence[Figure], now: datetime) -> Report:
        groups = list(self._groups(question, window, found, now))
        limit = len(groups) if question.by in _BY_TIME else question.limit
        return Report(
            by=question.by,
            since=window.since,
            until=min(window.until, now),
            settled_until=min(window.until, now - SETTLED_AFTER),
            total=_together(each.codes for each in found),
            groups=groups[:limit],
            more=len(groups) > limit,
        )

    def _groups(
        self, question: Question, window: Window, found: Sequence[Figure], now: datetime
    ) -> Iterable[Group]:
        if question.by is Dimension.BLOCK:
            return self._blocks(question, window, now)
        if question.by in _BY_TIME:
            return _by_time(window, found)
        return _by_cell(question.by, found)

    def _blocks(self, question: Question, window: Window, now: datetime) -> Iterator[Group]:
        found = statements.blocks(self.db, window, now, question.limit + 1)
        labels = self._labels(question.app) if found else {}
        for block in found:
            yield Group(name_of(block), block.codes, block.country, labels.get(name_of(block)))

    def _labels(self, app: str | None) -> dict[str, str]:
        """How the numbers of blocks begin, as the pumping guard knows it of this app, or of every one."""
        return {
            each.name: each.label
            for each in pauses.known_pauses(self.db)
            if each.kind is PumpedKind.BLOCK and app in (None, each.app) and each.label.startswith("+")
        }


def window_of(question: Question, now: datetime) -> Window:
    """The whole hours or days that a question is about. Raises InvalidFieldError."""
    # What is asked for at this very instant is a part of it, unless an earlier end is asked for.
    past = question.until if question.until is not None and question.until < now else None
    since = max(question.since or (past or now) - DEFAULT_SPAN, now - KEPT[DAY])
    are_hours_kept = since >= now - KEPT[HOUR] + HOUR
    if question.by in (Dimension.HOUR, Dimension.BLOCK) and not are_hours_kept:
        raise InvalidFieldError("since", f"hours and blocks are kept for {KEPT[HOUR].days} days; ask by day")
    if question.by is Dimension.BLOCK and (question.template or question.sim):
        raise InvalidFieldError("by", "blocks are not told apart by template and sim; leave these out")
    span = DAY if question.by is Dimension.DAY or not are_hours_kept else HOUR
    until = begin_of(span, past or now)
    return Window(
        span=span,
        since=begin_of(span, since),
        until=until if until == past else until + span,
        app=question.app,
        country=question.country,
    )


def name_of(block: Block) -> str:
    """What operators call a block, here as with the pumping guard."""
    return pauses.name_of(PumpedKind.BLOCK, block.block_hash)


def _is_wanted(cell: Cell, question: Question) -> bool:
    return question.template in (None, cell.template) and question.sim in (None, cell.sim)


def _together(all_codes: Iterable[SentCodes]) -> SentCodes:
    total = SentCodes()
    for codes in all_codes:
        total = total.plus(codes)
    return total


def _by_cell(by: Dimension, found: Sequence[Figure]) -> list[Group]:
    sums: dict[str, SentCodes] = {}
    for figure in found:
        value = getattr(figure.cell, by.value)
        sums[value] = sums.get(value, SentCodes()).plus(figure.codes)
    groups = [Group(None if value == NO_SIM else value, codes) for value, codes in sums.items()]
    return sorted(groups, key=lambda each: (-each.codes.sent, str(each.value)))


def _by_time(window: Window, found: Sequence[Figure]) -> Iterator[Group]:
    sums: dict[datetime, SentCodes] = {}
    for figure in found:
        sums[figure.at] = sums.get(figure.at, SentCodes()).plus(figure.codes)
    at = window.since
    while at < window.until:
        yield Group(at, sums.get(at, SentCodes()))
        at += window.span
