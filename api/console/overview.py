"""The first page: whether codes arrive, and what is in the way."""

from collections.abc import Mapping
from dataclasses import dataclass

import falcon

from otp_worker.domain.overview import (
    Hop,
    HopTimes,
    Overview,
    ProblemKind,
    Severity,
    Stage,
    Tile,
    Window,
)
from otp_worker.domain.ports import Clock
from otp_worker.operations.overview import OverviewReader

from .pages import Pages
from .sims import sim_cards
from .strips import Strip, strip
from .zones import zone_of

WINDOWS = {Window.QUARTER: "15 min", Window.DAY: "24 hours", Window.MONTH: "30 days"}
_EACH_BAR = {Window.QUARTER: "30 s", Window.DAY: "hour", Window.MONTH: "day"}
_TONES = {Severity.OK: "good", Severity.LOOK: "look", Severity.FIX: "bad"}
_STAGES = {
    Stage.ACCEPTED: "Accepted",
    Stage.HANDED_OVER: "Handed over",
    Stage.DELIVERED: "Delivered",
    Stage.APPROVED: "Approved",
    Stage.FAILED: "Failed",
}
_HOP_OF = {
    Stage.HANDED_OVER: Hop.ACCEPT_TO_GATEWAY,
    Stage.DELIVERED: Hop.ACCEPT_TO_RECEIPT,
    Stage.APPROVED: Hop.ACCEPT_TO_APPROVED,
}
_PROBLEMS = {
    ProblemKind.FAILED: "refused",
    ProblemKind.EXPIRED: "not sent in time",
    ProblemKind.UNDELIVERED: "not delivered",
    ProblemKind.WAITING: "waits",
}
_REFUSALS = {
    "country": "a country that is not sent to",
    "limit_block": "too many to one block of numbers",
    "limit_checks_ip": "too many checks from one address",
    "limit_checks_key": "too many checks by one app",
    "limit_country": "too many to one country",
    "limit_ip": "too many from one address",
    "limit_key": "too many by one app",
    "limit_number": "too many to one number",
    "limit_total": "too many in all",
    "number_locked": "the number is locked after wrong codes",
    "number_reported": "the person reported the codes",
    "opted_out": "the person wants no SMS",
    "paused": "paused: it looks like SMS pumping",
    "scope": "a key that may not do that",
    "slow_bodies": "requests that did not arrive whole",
    "too_soon": "asked again too soon",
    "unauthenticated": "no valid key",
}


_COUNTS = {
    Stage.ACCEPTED: ("code", "codes"),
    Stage.HANDED_OVER: ("SMS", "SMS"),
    Stage.DELIVERED: ("SMS", "SMS"),
    Stage.APPROVED: ("code", "codes"),
    Stage.FAILED: ("code", "codes"),
}
"""What each tile counts, of one and of several: a code may be sent by several SMS."""
_SHARES = {
    Stage.DELIVERED: (Stage.HANDED_OVER, "of all SMS"),
    Stage.APPROVED: (Stage.ACCEPTED, "of all codes"),
    Stage.FAILED: (Stage.ACCEPTED, "of all codes"),
}
"""Which tile one is a share of, and how that is said; both count the same."""


@dataclass(frozen=True, slots=True)
class TileCard:
    """One stage as the page shows it: ``counts`` names what it counts, ``whole`` what its share is of."""

    name: str
    total: int
    counts: str
    share: float | None
    whole: str
    times: HopTimes | None
    strip: Strip
    each_bar: str
    tone: str


class OverviewPage:
    """Everything in one look; the script asks for its fragment again and again."""

    def __init__(self, pages: Pages, reader: OverviewReader, clock: Clock) -> None:
        self._pages = pages
        self._reader = reader
        self._clock = clock

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """The whole page."""
        self._show(req, resp, "overview.html")

    def on_get_fragment(self, req: falcon.Request, resp: falcon.Response) -> None:
        """What changes on it."""
        self._show(req, resp, "overview/_body.html")

    on_head, on_head_fragment = on_get, on_get_fragment

    def _show(self, req: falcon.Request, resp: falcon.Response, template: str) -> None:
        window = window_of(req)
        found = self._reader.read(window, self._clock(), zone_of(req))
        self._pages.show(
            req,
            resp,
            template,
            window=window,
            windows=WINDOWS,
            tone=_TONES[found.headline.severity],
            sentence=found.headline.sentence,
            tiles=tile_cards(found),
            cards=sim_cards(found.sims, found.at),
            countries=found.countries,
            paused=found.paused,
            refusals=in_words(found.refusals),
            problems=[(each, _PROBLEMS[each.kind]) for each in found.problems],
        )


def window_of(req: falcon.Request) -> Window:
    """How far back who looks wants to see; 15 minutes unless they say."""
    try:
        return Window(req.get_param("window") or Window.QUARTER)
    except ValueError:
        return Window.QUARTER


def tile_cards(found: Overview) -> list[TileCard]:
    """The stages in their order, each with its time and its strip."""
    times = {each.hop: each for each in found.hops if each.p50_seconds is not None}
    totals = {tile.stage: tile.total for tile in found.tiles}
    return [_card(tile, totals, times, found.window) for tile in found.tiles]


def _card(tile: Tile, totals: Mapping[Stage, int], times: Mapping[Hop, HopTimes], window: Window) -> TileCard:
    one, several = _COUNTS[tile.stage]
    of, whole = _SHARES.get(tile.stage, (None, ""))
    all_of_it = totals[of] if of else 0
    return TileCard(
        name=_STAGES[tile.stage],
        total=tile.total,
        counts=one if tile.total == 1 else several,
        # What was asked for before the window may come to its end in it.
        share=min(tile.total / all_of_it, 1.0) if all_of_it else None,
        whole=whole,
        times=times.get(_HOP_OF[tile.stage]) if tile.stage in _HOP_OF else None,
        strip=strip(tile.strip),
        each_bar=_EACH_BAR[window],
        tone="bad" if tile.stage is Stage.FAILED else "plain",
    )


def in_words(refusals: Mapping[str, int]) -> list[tuple[str, int]]:
    """Why requests were refused, most first, in words."""
    return [
        (_REFUSALS.get(reason, reason.replace("_", " ")), number)
        for reason, number in refusals.items()
        if number
    ]
