"""How soon messages leave again after the broker is back. A pure function over the records."""

from collections.abc import Callable
from datetime import datetime

from otp_worker.devtools.chaos.plan import BROKER, HARMLESS, Fault, Kind
from otp_worker.devtools.chaos.records import Records, Span


def is_of_broker(fault: Fault) -> bool:
    """Whether the broker could not be worked with during that fault."""
    return fault.target == BROKER and fault.kind is not Kind.SLOW_LINK


def is_outage(fault: Fault) -> bool:
    """Whether the gateway was away for longer than a message may wait."""
    return fault.kind is Kind.LONG_OUTAGE


def recoveries(
    spans: list[Span], records: Records, of: Callable[[Fault], bool] = is_of_broker
) -> list[float]:
    """For each return after such a fault: the seconds until the next message, from when one was owed.

    A return that another fault follows before that message is left out: it would tell of that fault.
    """
    taken_at = sorted(line.taken_at for line in records.journal)
    found = []
    for span in spans:
        if not of(span.fault):
            continue
        next_at = next((at for at in taken_at if at > span.healed_at), None)
        owed_at = _owed_at(span.healed_at, next_at, records)
        if next_at is None or owed_at is None:
            continue
        others = (each for each in spans if each is not span and each.fault.kind not in HARMLESS)
        if not any(each.begun_at < next_at and each.healed_at > span.healed_at for each in others):
            found.append((next_at - max(span.healed_at, owed_at)).total_seconds())
    return found


def _owed_at(healed_at: datetime, next_at: datetime | None, records: Records) -> datetime | None:
    """When the first of the messages that were still to come then had been accepted."""
    first_taken: dict[str, datetime] = {}
    for line in records.journal:
        first_taken.setdefault(line.verification_id, line.taken_at)
    owed = [
        request.accepted_at
        for request in records.accepted
        if request.accepted_at and first_taken.get(request.verification_id or "", healed_at) > healed_at
    ]
    return min((at for at in owed if next_at and at < next_at), default=None)
