"""A trail as lines of a page: each with its time after the request, and a bar in scale."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

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
        offset=offset(moment.milliseconds),
        hop=moment.hop,
        what=moment.for_operators,
        tone=_TONES.get(moment.kind, "plain"),
        start=start,
        end=end,
    )


def offset(milliseconds: int) -> str:
    """How long after the request, exact to the millisecond for the first ten minutes."""
    if milliseconds < 1000:
        return f"+{milliseconds} ms" if milliseconds else "0"
    if milliseconds < 600_000:
        return f"+{milliseconds / 1000:.3f} s"
    minutes, seconds = divmod(milliseconds // 1000, 60)
    return f"+{minutes} min {seconds:02} s"
