"""How things are said on a page."""

from datetime import timedelta

import pytest

from api.console import words
from api.console.strips import HEIGHT, strip
from api.console.timeline import lines, offset
from otp_worker.domain.step import StepKind
from otp_worker.domain.timeline import Moment
from otp_worker.domain.verification import DeliveryStatus, VerificationStatus
from tests.contract.service import START


@pytest.mark.parametrize(
    ("milliseconds", "said"),
    [
        (None, "none"),
        (0, "0 ms"),
        (999, "999 ms"),
        (1300, "1.3 s"),
        (59_000, "59 s"),
        (119_000, "119 s"),
        (120_000, "2 min"),
        (7_200_000, "2 h"),
        (259_200_000, "3 d"),
    ],
)
def test_a_span_is_said_as_people_say_it(milliseconds: float | None, said: str) -> None:
    assert words.span(milliseconds) == said


def test_what_was_lately_is_said_in_one_unit() -> None:
    assert words.ago(None, START) == "never"
    assert words.ago(START - timedelta(seconds=1), START) == "just now"
    assert words.ago(START - timedelta(seconds=90), START) == "90 s ago"


def test_every_status_has_words_of_its_own() -> None:
    every = [*VerificationStatus, *DeliveryStatus]
    said = [words.status_words(each) for each in every]
    assert len(set(said)) == len(every)
    assert {words.tone(each) for each in every} == {"good", "look", "bad", "plain"}


def test_figures_are_easy_to_read() -> None:
    assert words.figure(1_234_567) == "1\u202f234\u202f567"
    assert words.percent(0.984) == "98 %"
    assert words.plural(1, "event") == "1 event"
    assert words.plural(2, "try", "tries") == "2 tries"


def test_a_strips_bars_are_in_proportion_and_the_smallest_is_seen() -> None:
    drawn = strip([0, 1, 500, 1000])
    assert [bar.x for bar in drawn.bars] == [11, 21, 31]
    assert drawn.bars[0].height == 2
    assert drawn.bars[1].height == pytest.approx((HEIGHT - 1) / 2)
    assert drawn.bars[2].y == 0
    assert drawn.width == 40
    assert strip([]).bars == strip([0, 0]).bars == ()


def test_a_lines_bar_begins_where_the_one_before_it_ends() -> None:
    told = lines([_moment(0), _moment(250), _moment(1000)])
    assert [(line.start, line.end) for line in told] == [(0, 0), (0, 0.25), (0.25, 1)]
    assert [line.offset for line in told] == ["0", "+250 ms", "+1.000 s"]
    assert offset(22_014) == "+22.014 s"
    assert offset(725_000) == "+12 min 05 s"
    assert lines([]) == []


def _moment(milliseconds: int) -> Moment:
    at = START + timedelta(milliseconds=milliseconds)
    return Moment(at, StepKind.TAKEN, milliseconds, "gateway", "gb1 took it", "it was taken")
