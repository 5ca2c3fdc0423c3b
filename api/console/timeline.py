"""A trail as lines of a page: each with its time after the request, and a bar in scale."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from api.console.words import span
from otp_worker.domain.step import StepKind
from otp_worker.domain.timeline import Moment

_TONES = {
    StepKind.TAKEN: "good",
    StepKind.APPROVED: "good",
    StepKind.BREAKER_CLOSED: "good",
    StepKind.WAITING: "look",
    StepKind.PROBE: "look",
    StepKind.BREAKER_OPENED: "bad",
    StepKind.ENDED: "bad",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line; the bar begins at ``start`` and ends at ``end``, parts of the whole time from 0 to 1."""

    at: datetime
    offset: str
    hop: str
    what: str
    tone: str
    start: float
    end: float


def lines(moments: Sequence[Moment]) -> list[Line]:
    """The moments in their order, each bar from the one before it to its own."""
    whole = max((moment.milliseconds for moment in moments), default=0) or 1
    before = [0, *(moment.milliseconds for moment in moments)]
    return [
        _line(moment, begun / whole, moment.milliseconds / whole)
        for begun, moment in zip(before, moments, strict=False)
    ]


def _line(moment: Moment, start: float, end: float) -> Line:
    return Line(
        at=moment.at,
        offset=f"+{span(moment.milliseconds)}" if moment.milliseconds else "0",
        hop=moment.hop,
        what=moment.for_operators,
        tone=_TONES.get(moment.kind, "plain"),
        start=start,
        end=end,
    )
