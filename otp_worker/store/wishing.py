"""Statements for what the person behind a number wishes: no SMS at all, or nothing while a report holds."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import BindParameter, Connection, bindparam, null, select, union_all

from otp_worker.domain.errors import NumberReportedError, OptedOutError, OtpError
from otp_worker.store.schema import Instant, number_guards, opt_outs

_o, _n = opt_outs.c, number_guards.c


def refusals(
    connection: Connection, numbers: Sequence[Sequence[bytes]], now: datetime
) -> list[OtpError | None]:
    """For each number, by all its hashes, why nothing may be sent to it, if so."""
    hashes = [each for number in numbers for each in number]
    if not hashes:
        return [None] * len(numbers)
    wishes: dict[bytes, list[datetime | None]] = {}
    for number_hash, until in connection.execute(_WISHES, {"hashes": hashes, "now": now}):
        wishes.setdefault(number_hash, []).append(until)
    return [_refusal([until for each in number for until in wishes.get(each, [])]) for number in numbers]


def refuse_unwanted(connection: Connection, number_hashes: Sequence[bytes], now: datetime) -> None:
    """Raise OptedOutError or NumberReportedError if the number's person wants nothing to be sent."""
    refusal = refusals(connection, [number_hashes], now)[0]
    if refusal is not None:
        raise refusal


def _refusal(wishes: list[datetime | None]) -> OtpError | None:
    if None in wishes:
        return OptedOutError()
    reported_until = max((until for until in wishes if until is not None), default=None)
    return None if reported_until is None else NumberReportedError(reported_until)


# Made once: every send asks.
_HASHES: BindParameter[list[bytes]] = bindparam("hashes", expanding=True)
_WISHES = union_all(
    select(_o.number_hash, null().cast(Instant()).label("until")).where(_o.number_hash.in_(_HASHES)),
    select(_n.number_hash, _n.reported_until).where(
        _n.number_hash.in_(_HASHES), _n.reported_until > bindparam("now", type_=Instant())
    ),
)
