"""Statements that count refusals by the time they were made, from the counters that every process adds to."""

from datetime import datetime

from sqlalchemy import Connection, select

from otp_worker.domain.tally import Counted, Tally
from otp_worker.store import tallies
from otp_worker.store.schema import counters
from otp_worker.store.tallies import Total

_c = counters.c
PREFIX = "refused_"
"""What the names of the counters of refusals begin with; the reason follows."""


def count_refusals(connection: Connection, now: datetime) -> None:
    """Count what the counters have gained since the last time: it was refused just now."""
    tallies.add(connection, tallies.at_once(now, gained(connection)))


def gained(connection: Connection) -> dict[Tally, Total]:
    """What the counters have gained since it was counted last."""
    known = tallies.ever_in(connection, [Counted.REFUSED])
    found = {}
    for reason, value in _counters(connection).items():
        tally = Tally(Counted.REFUSED, (reason,))
        more = value - known.get(tally, Total()).count
        if more > 0:
            found[tally] = Total(more)
    return found


def take_over(connection: Connection) -> None:
    """Know what was refused before anything was counted by time, at whatever time that was."""
    reasons = _counters(connection).items()
    totals = {Tally(Counted.REFUSED, (reason,)): Total(value) for reason, value in reasons}
    tallies.add(connection, tallies.for_ever(totals))


def _counters(connection: Connection) -> dict[str, int]:
    statement = select(_c.name, _c.value).where(_c.name.startswith(PREFIX, autoescape=True))
    return {name.removeprefix(PREFIX): value for name, value in connection.execute(statement)}
