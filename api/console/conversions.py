"""Conversion: how many codes were sent, arrived and were entered, in strips and tables."""

from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

import falcon

from otp_worker.domain.ports import Clock
from otp_worker.domain.sent_codes import Dimension, SentCodes
from otp_worker.operations.conversions import Conversions, Group, Question, Report

from .pages import Pages
from .strips import Strip, strip

PATH = "/conversions"
SHOWN = 20
_MOST_LETTERS = 64


@dataclass(frozen=True, slots=True)
class Back:
    """How far back a page looks, and what each bar of its strips is."""

    words: str
    span: timedelta
    bar: Dimension


BACK = {
    "24h": Back("24 hours", timedelta(days=1), Dimension.HOUR),
    "7d": Back("7 days", timedelta(days=7), Dimension.HOUR),
    "30d": Back("30 days", timedelta(days=30), Dimension.DAY),
}
_TABLES = {
    Dimension.COUNTRY: "Countries",
    Dimension.APP: "Apps",
    Dimension.TEMPLATE: "Templates",
    Dimension.SIM: "SIMs",
    Dimension.BLOCK: "Blocks of numbers",
}
_FILTERS = (Dimension.APP, Dimension.COUNTRY, Dimension.TEMPLATE, Dimension.SIM)


@dataclass(frozen=True, slots=True)
class Card:
    """One figure as the page shows it; ``share`` is of the codes sent."""

    name: str
    total: int
    share: float | None
    strip: Strip


@dataclass(frozen=True, slots=True)
class Row:
    """One group of a table; ``href`` leads to its codes alone."""

    name: str
    note: str
    href: str | None
    codes: SentCodes


@dataclass(frozen=True, slots=True)
class Table:
    """The groups of one dimension, those with most codes first."""

    id: str
    name: str
    rows: tuple[Row, ...]
    more: bool


class ConversionsPage:
    """The figures, in one look; each group is a link to its codes alone."""

    def __init__(self, pages: Pages, conversions: Conversions, clock: Clock) -> None:
        self._pages = pages
        self._conversions = conversions
        self._clock = clock

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """The codes of a window, or those of them that a link chose."""
        window = req.get_param("window") or ""
        window = window if window in BACK else next(iter(BACK))
        chosen = {by: value for by in _FILTERS if (value := _word(req, by)) is not None}
        back, now = BACK[window], self._clock()
        given = {by.value: value for by, value in chosen.items()}
        question = Question(
            since=now - back.span,
            app=chosen.get(Dimension.APP),
            country=chosen.get(Dimension.COUNTRY),
            template=chosen.get(Dimension.TEMPLATE),
            sim=chosen.get(Dimension.SIM),
            limit=SHOWN,
        )
        by_time, *others = self._conversions.read_each(question, _dimensions(window, chosen), now)
        self._pages.show(
            req,
            resp,
            "conversions.html",
            window=window,
            windows={name: (each.words, _href(name, given)) for name, each in BACK.items()},
            chosen=[
                (by.value, value, _href(window, {**given, by.value: ""})) for by, value in chosen.items()
            ],
            cards=_cards(by_time),
            each_bar=back.bar.value,
            tables=[_table(report, window, given) for report in others],
            settled_until=by_time.settled_until,
        )

    on_head = on_get


def _dimensions(window: str, chosen: dict[Dimension, str]) -> list[Dimension]:
    """What the page tells apart: not what is chosen, and blocks only where they are kept and few enough."""
    no_blocks = window != "24h" or Dimension.TEMPLATE in chosen or Dimension.SIM in chosen
    return [
        BACK[window].bar,
        *(by for by in _TABLES if by not in chosen and not (by is Dimension.BLOCK and no_blocks)),
    ]


def _word(req: falcon.Request, by: Dimension) -> str | None:
    """What is chosen of a dimension; None for nothing, and for what can be no name."""
    value = req.get_param(by.value)
    return value if value and value.isprintable() and len(value) <= _MOST_LETTERS else None


def _href(window: str, given: dict[str, str]) -> str:
    return f"{PATH}?{urlencode({'window': window, **{name: each for name, each in given.items() if each}})}"


def _cards(report: Report) -> list[Card]:
    codes = [group.codes for group in report.groups]
    total = report.total
    return [
        Card("Sent", total.sent, None, strip([each.sent for each in codes])),
        Card("Delivered", total.delivered, total.delivered_share, strip([each.delivered for each in codes])),
        Card("Approved", total.approved, total.approved_share, strip([each.approved for each in codes])),
    ]


def _table(report: Report, window: str, given: dict[str, str]) -> Table:
    rows = tuple(_row(report.by, group, window, given) for group in report.groups)
    return Table(report.by.value, _TABLES[report.by], rows, report.more)


def _row(by: Dimension, group: Group, window: str, given: dict[str, str]) -> Row:
    if by is Dimension.BLOCK:
        return Row(group.label or str(group.value), group.country or "", None, group.codes)
    if group.value is None:
        return Row("none named", "", None, group.codes)
    name = str(group.value)
    return Row(name, "", _href(window, {**given, by.value: name}), group.codes)
