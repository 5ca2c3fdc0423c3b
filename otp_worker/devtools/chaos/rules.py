"""The promises, each as a pure function that finds its breaches in the records."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import timedelta

from otp_worker.devtools.chaos.breaches import Breach, Finding
from otp_worker.devtools.chaos.doors import PLAIN
from otp_worker.devtools.chaos.excuses import Excuses
from otp_worker.devtools.chaos.plan import TLS_FAULTS, Kind
from otp_worker.devtools.chaos.records import SENT, DeliveryRow, Records, VerificationRow, grouped
from otp_worker.devtools.chaos.reference import Reference
from otp_worker.devtools.chaos.timely import early, failed_in_calm, misled, outlived, slow, stalled, unswept
from otp_worker.domain.verification import OPEN, DeliveryStatus, VerificationStatus

SETTLED = timedelta(seconds=20)
"""A delivery that met no fault but of TLS is settled within so long."""
NEVER_BACK = "its worker never came back"


def lost(records: Records) -> Iterable[Finding]:
    """Accepted requests that did not come to an end which their records agree on."""
    taken = {line.ref for line in records.journal}
    excuses = Excuses(records)
    for request in records.accepted:
        verification_id = request.verification_id or ""
        if verification_id not in records.verifications:
            yield Finding(Breach.LOST, verification_id, "answered 202, and not in the database")
            continue
        for row in records.deliveries_of(verification_id):
            if evidence := _lost_delivery(row, row.id in taken, excused=excuses.hold_for(row)):
                yield Finding(Breach.LOST, row.id, evidence)


def _lost_delivery(row: DeliveryRow, taken: bool, *, excused: bool) -> str | None:
    if row.status in OPEN:
        return f"still {row.status} after {row.attempts} attempts: {row.reason}"
    if row.status in SENT and row.gateway_message_id and not taken:
        return f"{row.status}, but the phone never had it"
    # Other faults heal long before the deadline: somebody should have tried, and noted what came of it.
    if row.status is DeliveryStatus.EXPIRED and row.gateway is None and not taken and not excused:
        return f"expired after {row.attempts} attempts of which nothing is known: {row.reason}"
    return None


def late(records: Records) -> Iterable[Finding]:
    """Messages handed over after the deadline or the end of the code's life."""
    reference = Reference(records)
    for lines in grouped(records.journal, lambda line: line.verification_id).values():
        for position, line in enumerate(lines):
            delivery, ends = records.deliveries.get(line.ref), reference.life_ends(line, lines[:position])
            deadline = reference.deadline_of(delivery) if delivery else None
            if deadline and line.taken_at > deadline:
                over = (line.taken_at - deadline).total_seconds()
                yield Finding(Breach.LATE, line.ref, f"{over:.1f} s after its deadline")
            elif ends and line.taken_at > ends:
                over = (line.taken_at - ends).total_seconds()
                yield Finding(Breach.LATE, line.ref, f"{over:.1f} s after its code's life")


def unreached(records: Records) -> Iterable[Finding]:
    """Deliveries settled as perhaps sent although no handshake with the gateway ended.

    Only those are judged that lived through no fault of another kind: one of those may have been the cause.
    """
    reference = Reference(records)
    for row in records.unsure:
        asked = reference.asked_between(row)
        if asked is None:
            continue
        ends = asked[1] + SETTLED
        met = {
            span.fault.kind for span in records.spans if span.begun_at < ends and span.healed_at > asked[0]
        }
        if Kind.TLS_HANDSHAKE in met and met <= TLS_FAULTS:
            yield Finding(Breach.LOST, row.id, "said to be perhaps sent, and the gateway was not reached")


def unexpected(records: Records) -> Iterable[Finding]:
    """Messages without a request before them, or without the rows that they must come from."""
    asked_at = {request.number: request.asked_at for request in records.requests}
    for line in records.journal:
        verification = records.verifications.get(line.verification_id)
        if line.to not in asked_at:
            yield Finding(Breach.UNEXPECTED, line.ref, "nobody asked for a message to this number")
        elif line.ref not in records.deliveries:
            yield Finding(Breach.UNEXPECTED, line.ref, "there is no such delivery")
        elif verification and verification.number not in (None, line.to):
            yield Finding(Breach.UNEXPECTED, line.ref, "sent to another number than its own")


def repeated(records: Records) -> Iterable[Finding]:
    """Messages beside the one that was asked for, however often, under one Idempotency-Key."""
    ids = defaultdict(list)
    for row in records.verifications.values():
        if row.is_message and row.number:
            ids[row.number].append(row.id)
    for number, found in ids.items():
        if len(found) > 1:
            yield Finding(Breach.UNEXPECTED, number, f"{len(found)} messages, and one was asked for")


def differing(records: Records) -> Iterable[Finding]:
    """Verifications of which more than one code was sent, and SMS that do not say what they must."""
    wishes = records.wishes
    for line in records.journal:
        wish = wishes.get(line.to, PLAIN)
        if not wish.is_said_by(line.text):
            yield Finding(Breach.DIFFERING, line.ref, f"does not say what was asked for: {wish.door}")
    for verification_id, lines in grouped(records.journal, lambda line: line.verification_id).items():
        codes = {line.code for line in lines}
        if len(codes) > 1:
            yield Finding(Breach.DIFFERING, verification_id, f"{len(codes)} codes in {len(lines)} messages")


def uncaused(records: Records) -> Iterable[Finding]:
    """Deliveries with more messages than their uncertain and abandoned attempts explain."""
    for ref, lines in grouped(records.journal, lambda line: line.ref).items():
        row = records.deliveries.get(ref)
        if row and len(lines) > 1 + row.uncertain + row.abandoned:
            yield Finding(
                Breach.UNCAUSED,
                ref,
                f"{len(lines)} messages, {row.uncertain} uncertain and {row.abandoned} abandoned attempts",
            )


def disowned(records: Records) -> Iterable[Finding]:
    """Verifications and messages that are said to be unsent although the phone took one of theirs."""
    sent = {line.verification_id for line in records.journal}
    for row in records.verifications.values():
        if row.id in sent and _is_said_to_be_unsent(records, row):
            reasons = "; ".join(each.reason or "-" for each in records.deliveries_of(row.id))
            yield Finding(Breach.DISOWNED, row.id, f"failed, but the phone has it: {reasons}")


def _is_said_to_be_unsent(records: Records, row: VerificationRow) -> bool:
    if not row.is_message:
        return row.status is VerificationStatus.FAILED
    # Nobody can enter a message: one of which nobody knows whether it left is over with its deadline.
    nobody_knows = any(
        each.uncertain or each.abandoned or NEVER_BACK in (each.reason or "")
        for each in records.deliveries_of(row.id)
    )
    return row.status in (VerificationStatus.FAILED, VerificationStatus.EXPIRED) and not nobody_knows


def kept(records: Records) -> Iterable[Finding]:
    """Texts and codes of apps that were not wiped when no SMS could follow any more."""
    for row in records.verifications.values():
        if row.is_sealed and row.status is not VerificationStatus.PENDING:
            yield Finding(Breach.KEPT, row.id, f"{row.status}, and what its app gave is still there")


def refused(records: Records) -> Iterable[Finding]:
    """Valid requests that were answered with a 4xx; that a flood is held back is right."""
    for request in records.requests:
        held_back = request.refused == 429 and request.number in records.flooded
        if request.refused is not None and not held_back:
            yield Finding(Breach.REFUSED, request.number, f"answered {request.refused}")


def over_limit(records: Records) -> Iterable[Finding]:
    """Flooded numbers that were granted more SMS than their limit."""
    numbers = {row.id: row.number for row in records.verifications.values()}
    granted = Counter(numbers.get(row.verification_id) for row in records.deliveries.values())
    for number in sorted(records.flooded):
        if granted[number] > records.terms.flood_limit:
            evidence = f"{granted[number]} of {records.terms.flood_limit}"
            yield Finding(Breach.OVER_LIMIT, number, evidence)


RULES: tuple[Callable[[Records], Iterable[Finding]], ...] = (
    lost,
    late,
    unreached,
    unexpected,
    repeated,
    differing,
    uncaused,
    disowned,
    kept,
    refused,
    over_limit,
    early,
    outlived,
    stalled,
    unswept,
    slow,
    failed_in_calm,
    misled,
)
