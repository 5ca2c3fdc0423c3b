"""What each tile of the first page counts, and what its share is of."""

import pytest

from api.console.overview import TileCard, tile_cards
from otp_worker.domain.overview import Backlog, Headline, Overview, Severity, Stage, Tile, Window
from tests.contract.service import START


def _cards(**totals: int) -> dict[str, TileCard]:
    tiles = tuple(Tile(stage, totals.get(stage, 0), ()) for stage in Stage)
    seen = Overview(
        at=START,
        window=Window.DAY,
        since=START,
        headline=Headline(Severity.OK, ""),
        tiles=tiles,
        hops=(),
        sims=(),
        countries=(),
        paused=(),
        refusals={},
        problems=[],
        backlog=Backlog(),
    )
    return {card.name: card for card in tile_cards(seen)}


def test_codes_are_compared_with_codes_and_sms_with_sms() -> None:
    """Of eight codes four were sent twice: twelve SMS, of which nine arrived."""
    cards = _cards(accepted=8, handed_over=12, delivered=9, approved=6, failed=2)
    told = [(card.total, card.counts, card.share, card.whole) for card in cards.values()]
    assert told == [
        (8, "codes", None, ""),
        (12, "SMS", None, ""),
        (9, "SMS", 0.75, "of all SMS"),
        (6, "codes", 0.75, "of all codes"),
        (2, "codes", 0.25, "of all codes"),
    ]


def test_one_is_one_and_of_nothing_there_is_no_share() -> None:
    cards = _cards(handed_over=1, approved=1)
    assert [card.counts for card in cards.values()] == [
        "codes",
        "SMS",
        "SMS",
        "code",
        "codes",
    ]
    assert cards["Delivered"].share == pytest.approx(0)
    assert cards["Approved"].share is None


def test_what_was_asked_for_before_the_window_makes_no_share_above_all() -> None:
    assert _cards(accepted=1, approved=3)["Approved"].share == pytest.approx(1)
