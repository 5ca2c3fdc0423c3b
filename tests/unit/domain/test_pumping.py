"""The judgement on SMS pumping: one pure function, and what it is made of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otp_worker.domain.pumping import (
    ASSUMED_CONVERSION,
    ENOUGH_SENDS,
    LONGEST_PAUSE_SECONDS,
    Figures,
    Usual,
    highest_conversion,
    is_pumped,
    pause_seconds,
    usual,
)

USUAL = Usual(sends_an_hour=4.0, conversion=0.75)
sent = st.integers(1, 2000).flatmap(lambda sends: st.builds(Figures, st.just(sends), st.integers(0, sends)))


def test_many_codes_and_none_entered_is_pumping() -> None:
    assert is_pumped(Figures(20, 0), USUAL, min_sends=20)


@pytest.mark.parametrize(
    ("recent", "usually", "min_sends"),
    [
        (Figures(20, 0), USUAL, 21),
        (Figures(11, 0), USUAL, 5),
        (Figures(20, 5), USUAL, 20),
        (Figures(100, 0), Usual(4.0, 0.0), 20),
    ],
    ids=["too few to tell", "no rise", "no fall", "never entered there"],
)
def test_either_sign_alone_is_not(recent: Figures, usually: Usual, min_sends: int) -> None:
    assert not is_pumped(recent, usually, min_sends)


@given(sent, st.integers(0, 50))
def test_one_more_code_entered_never_looks_worse(recent: Figures, more: int) -> None:
    better = Figures(recent.sends, min(recent.approvals + more, recent.sends))
    assert not is_pumped(better, USUAL, 5) or is_pumped(recent, USUAL, 5)


@given(sent)
def test_the_interval_holds_what_was_seen(recent: Figures) -> None:
    assert recent.conversion - 1e-9 <= highest_conversion(recent) <= 1.0


def test_few_sends_prove_little() -> None:
    # Wilson 1927: the upper end for none of n is z^2 / (n + z^2).
    assert highest_conversion(Figures(5, 0)) == pytest.approx(1.96**2 / (5 + 1.96**2))
    assert highest_conversion(Figures(500, 0)) == pytest.approx(1.96**2 / (500 + 1.96**2))


def test_a_past_that_is_long_enough_speaks_for_itself() -> None:
    own, wider = Figures(ENOUGH_SENDS, 10), Figures(1000, 900)
    assert usual(own, 10, wider) == Usual(ENOUGH_SENDS / 10, 10 / ENOUGH_SENDS)


def test_a_past_that_is_too_short_leaves_it_to_the_wider_ones() -> None:
    assert usual(Figures(ENOUGH_SENDS - 1, 0), 10, Figures(1000, 900)).conversion == 0.9
    assert usual(Figures(0, 0), 10, Figures(9, 9), Figures(1000, 800)) == Usual(0.0, 0.8)


def test_what_nobody_has_measured_is_not_known() -> None:
    assert usual(Figures(0, 0), 0, Figures(0, 0)) == Usual(None, None)
    assert usual(Figures(30, 30), 0.5, Figures(30, 30)) == Usual(None, None)


def test_what_is_not_known_is_judged_by_what_is_assumed_to_be_told_of() -> None:
    assert is_pumped(Figures(100, 0), Usual(None, None), 20)
    assert not is_pumped(Figures(100, round(100 * ASSUMED_CONVERSION)), Usual(None, None), 20)


def test_each_pause_in_a_row_is_twice_as_long_up_to_a_day() -> None:
    assert [pause_seconds(3600, n) for n in (1, 2, 3, 4, 5, 6, 7)] == [
        3600,
        7200,
        14400,
        28800,
        57600,
        LONGEST_PAUSE_SECONDS,
        LONGEST_PAUSE_SECONDS,
    ]
    assert pause_seconds(3600, 10_000) == LONGEST_PAUSE_SECONDS
