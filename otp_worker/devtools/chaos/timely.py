"""The promises about time: nothing ends too early, outlives its cap, stands still, or is slow in calm."""

import statistics
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import pairwise

from otp_worker.devtools.chaos.breaches import Breach, Finding
from otp_worker.devtools.chaos.doors import Door
from otp_worker.devtools.chaos.plan import BROKER, DATABASE, FLOODS, HARMLESS
from otp_worker.devtools.chaos.records import Records, Span, grouped
from otp_worker.devtools.chaos.recovery import is_of_broker, is_outage
from otp_worker.devtools.chaos.reference import Reference
from otp_worker.devtools.chaos.spans import covered
from otp_worker.domain.verification import VerificationStatus

LONGEST_BACKOFF = timedelta(seconds=31)
"""A delivery may expire so long before its deadline: when its next attempt would come after it."""
RETURN = timedelta(seconds=15)
"""After the broker's or the phone's return messages leave within 5 or 10 s; the rest is a busy machine's."""
BOOT = timedelta(seconds=10)
"""A process that was started again, on a busy machine, is not at work before."""
SETTLING = timedelta(seconds=6)
SWEEP_SECONDS = 40.0
"""A sweep is due every few seconds; the rest is what a busy machine may add to the return of its parts."""
BACKLOG = timedelta(seconds=60)
"""What waited during a fault leaves after it, and delays for a while what is asked for then."""
CALM = timedelta(seconds=4)
CALM_SECONDS = 2.0
CALM_REQUESTS = 20
LATELY = timedelta(seconds=2)
LATELY_REQUESTS = 5
_SWEEPERS = frozenset({"beat", "upkeep", BROKER, DATABASE})


def early(records: Records) -> Iterable[Finding]:
    """What ended as expired although its time was not over by the run's own clock."""
    reference = Reference(records)
    terms = records.terms
    margin = timedelta(seconds=terms.clocks_differ_by or 0.0)
    for row in records.deliveries.values():
        seen_at, window = records.sightings.expired.get(row.id), reference.asked_between(row)
        if seen_at and window:
            left = window[0] + timedelta(seconds=reference.seconds_of(row)) - seen_at
            if left > LONGEST_BACKOFF + margin:
                evidence = f"expired {left.total_seconds():.0f} s before its deadline"
                yield Finding(Breach.LOST, row.id, evidence)
    for verification_id, lines in grouped(records.journal, lambda line: line.verification_id).items():
        if _is_message(records, verification_id):
            continue
        seen_at = records.sightings.expired.get(verification_id)
        first = records.deliveries.get(f"{verification_id}.1")
        window = reference.asked_between(first) if first else None
        if seen_at and window:
            life_ends = lines[0].taken_at + timedelta(seconds=terms.life_seconds)
            left = min(life_ends, window[0] + timedelta(seconds=terms.cap_seconds)) - seen_at
            if left > margin:
                evidence = f"ended {left.total_seconds():.0f} s before its life was over"
                yield Finding(Breach.UNUSABLE, verification_id, evidence)


def _is_message(records: Records, verification_id: str) -> bool:
    found = records.verifications.get(verification_id)
    return found is not None and found.is_message


def outlived(records: Records) -> Iterable[Finding]:
    """Codes whose rows let them live beyond the hard cap, or let them be dead when they arrived."""
    if records.terms.clocks_differ_by is None:
        return
    reference = Reference(records)
    margin = timedelta(seconds=records.terms.clocks_differ_by)
    for row in records.verifications.values():
        cap = None if row.is_message else reference.cap_of(row.id)
        if cap and row.expires_at > cap and row.status is VerificationStatus.PENDING:
            over = (row.expires_at - cap).total_seconds()
            yield Finding(Breach.OUTLIVED, row.id, f"may be entered {over:.0f} s beyond its cap")
    for verification_id, lines in grouped(records.journal, lambda line: line.verification_id).items():
        found = records.verifications.get(verification_id)
        if found and not found.is_message and lines[-1].taken_at > found.expires_at + margin:
            over = (lines[-1].taken_at - found.expires_at).total_seconds()
            yield Finding(Breach.UNUSABLE, verification_id, f"dead {over:.0f} s before it arrived")


def stalled(records: Records) -> Iterable[Finding]:
    """Returns of the broker, or of a phone that was long away, after which nothing left although owed."""
    taken_at = sorted(line.taken_at for line in records.journal)
    for span in records.spans:
        if not (is_of_broker(span.fault) or is_outage(span.fault)):
            continue
        begins, ends = span.healed_at, span.healed_at + RETURN
        if _struck(records.spans, span, begins, ends) or any(begins < at <= ends for at in taken_at):
            continue
        if owed := _owed(records, begins, ends):
            evidence = f"{owed} owed, none in the {RETURN.total_seconds():.0f} s after it"
            yield Finding(Breach.STALLED, str(span.fault), evidence)


def _struck(spans: list[Span], but: Span, begins: datetime, ends: datetime) -> bool:
    others = (each for each in spans if each is not but and each.fault.kind not in HARMLESS)
    return any(each.begun_at < ends and each.healed_at + BOOT > begins for each in others)


def _owed(records: Records, at: datetime, until: datetime) -> int:
    """How many were accepted by then, not sent yet, and neither canceled nor over before ``until``."""
    taken = {line.verification_id for line in records.journal if line.taken_at <= at}
    life = timedelta(seconds=records.terms.deadline_seconds)
    owed = 0
    for request in records.accepted:
        row = records.verifications.get(request.verification_id or "")
        if request.accepted_at is None or row is None or row.status is VerificationStatus.CANCELED:
            continue
        owed += request.accepted_at <= at and request.asked_at + life > until and row.id not in taken
    return owed


def unswept(records: Records) -> Iterable[Finding]:
    """Times without a sweep while nothing was wrong with those who sweep."""
    excuses = [
        (span.begun_at, span.healed_at + BOOT)
        for span in records.spans
        if span.fault.target in _SWEEPERS and span.fault.kind not in HARMLESS
    ]
    seen = records.sightings.swept
    for before, after in pairwise(seen):
        missed = (after - before).total_seconds() - covered(excuses, before, after)
        if missed > SWEEP_SECONDS:
            yield Finding(Breach.UNSWEPT, "sweep", f"none for {missed:.0f} s after {before:%H:%M:%S}")


def _troubled(records: Records, after: timedelta) -> list[tuple[datetime, datetime]]:
    """The times in which something was wrong, or over for no longer than ``after``."""
    return [
        (span.begun_at, span.healed_at + after) for span in records.spans if span.fault.kind not in HARMLESS
    ]


def failed_in_calm(records: Records) -> Iterable[Finding]:
    """Valid requests that were answered 5xx although nothing was wrong any more."""
    excuses = _troubled(records, SETTLING)
    for request in records.requests:
        if request.failed and not any(begun <= request.asked_at < over for begun, over in excuses):
            yield Finding(Breach.FAILED, request.number, f"answered {request.failed}")


def misled(records: Records) -> Iterable[Finding]:
    """Times at which ``/readyz`` said that all is well while nothing that was asked was accepted."""
    # A long run has a hundred thousand of either: each look must not go through all the others.
    requests = sorted(records.requests, key=lambda request: request.asked_at)
    instants = [request.asked_at for request in requests]
    for at, ready in records.sightings.ready:
        just_now = requests[bisect_left(instants, at - LATELY) : bisect_right(instants, at)]
        failed = [each for each in just_now if each.failed]
        if ready and len(failed) >= LATELY_REQUESTS and len(failed) == len(just_now):
            evidence = f"200 at {at:%H:%M:%S}, while {len(failed)} of {len(failed)} failed"
            yield Finding(Breach.MISLED, "/readyz", evidence)


def calm_delays(records: Records) -> list[float]:
    """For each request that was accepted while nothing was wrong: the seconds until the phone had it.

    Notices are left out: they give way to all others.
    """
    excuses = _troubled(records, BACKLOG)
    first_taken: dict[str, datetime] = {}
    for line in records.journal:
        first_taken.setdefault(line.verification_id, line.taken_at)
    found = []
    for request in records.accepted:
        at, row = request.accepted_at, records.verifications.get(request.verification_id or "")
        if at is None or row is None or row.status is VerificationStatus.CANCELED:
            continue
        if request.wish.door is Door.NOTICE:
            continue
        if not any(begun < at + CALM and healed > at for begun, healed in excuses):
            taken_at = first_taken.get(row.id, at + CALM)
            found.append(min(max((taken_at - at).total_seconds(), 0.0), CALM.total_seconds()))
    return found


def flood_delays(records: Records) -> list[float]:
    """For each honest request that was accepted while a number was flooded: the seconds until its 202."""
    floods = [span for span in records.spans if span.fault.kind in FLOODS]
    return [
        (request.accepted_at - request.asked_at).total_seconds()
        for request in records.accepted
        if request.accepted_at and request.number not in records.flooded
        if any(span.begun_at <= request.asked_at < span.healed_at for span in floods)
    ]


def slow(records: Records) -> Iterable[Finding]:
    """A service that is slow although nothing is wrong, as when one machine's clock is a little behind."""
    delays = calm_delays(records)
    if len(delays) >= CALM_REQUESTS and (usual := statistics.median(delays)) > CALM_SECONDS:
        yield Finding(Breach.SLOW, "all", f"median {usual:.1f} s to the phone in calm ({len(delays)} codes)")
