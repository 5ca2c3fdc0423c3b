"""The promises, each as a pure function that finds its breaches in the records."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from otp_worker.devtools.chaos.records import SENT, DeliveryRow, Records, grouped
from otp_worker.domain.verification import OPEN, DeliveryStatus, VerificationStatus


class Breach(StrEnum):
    """A promise that was broken."""

    LOST = "lost"
    """Accepted, and then gone, never ended, sent only in the books, or let expire with nobody trying."""
    LATE = "late"
    """Handed over after its deadline, or after the code's life."""
    UNEXPECTED = "unexpected"
    """A message that nobody asked for."""
    DIFFERING = "differing"
    """Two codes for one verification."""
    UNCAUSED = "doubled without cause"
    """More messages of one delivery than uncertain or abandoned attempts explain."""
    DISOWNED = "disowned"
    """Said to have failed or expired unsent, while the phone has it."""
    UNUSABLE = "unusable"
    """The code that was sent is not the one that is accepted, or is accepted twice."""
    REFUSED = "refused"
    """A valid request that was answered with a refusal."""
    DIED = "died"
    """A process that ended by itself."""
    TOO_MANY_DOUBLES = "doubles over the bound"


@dataclass(frozen=True, slots=True)
class Finding:
    """One breach: of what, and the evidence."""

    breach: Breach
    subject: str
    evidence: str


def lost(records: Records) -> Iterable[Finding]:
    """Accepted requests that did not come to an end which their records agree on."""
    taken = {line.ref for line in records.journal}
    for request in records.accepted:
        verification_id = request.verification_id or ""
        if verification_id not in records.verifications:
            yield Finding(Breach.LOST, verification_id, "answered 202, and not in the database")
            continue
        for row in records.deliveries_of(verification_id):
            if evidence := _lost_delivery(row, row.id in taken):
                yield Finding(Breach.LOST, row.id, evidence)


def _lost_delivery(row: DeliveryRow, taken: bool) -> str | None:
    if row.status in OPEN:
        return f"still {row.status} after {row.attempts} attempts: {row.reason}"
    if row.status in SENT and row.gateway_message_id and not taken:
        return f"{row.status}, but the phone never had it"
    # Faults heal long before the deadline: somebody should have tried, and noted what came of it.
    if row.status is DeliveryStatus.EXPIRED and row.gateway is None and not taken:
        return f"expired after {row.attempts} attempts of which nothing is known: {row.reason}"
    return None


def late(records: Records) -> Iterable[Finding]:
    """Messages handed over after the deadline or the end of the code's life."""
    for line in records.journal:
        delivery = records.deliveries.get(line.ref)
        verification = records.verifications.get(line.verification_id)
        if delivery and line.taken_at > delivery.deadline_at:
            over = (line.taken_at - delivery.deadline_at).total_seconds()
            yield Finding(Breach.LATE, line.ref, f"{over:.1f} s after its deadline")
        elif verification and line.taken_at > verification.expires_at:
            over = (line.taken_at - verification.expires_at).total_seconds()
            yield Finding(Breach.LATE, line.ref, f"{over:.1f} s after its code's life")


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


def differing(records: Records) -> Iterable[Finding]:
    """Verifications of which more than one code was sent."""
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
    """Verifications that failed as unsent although the phone took a message of theirs."""
    sent = {line.verification_id for line in records.journal}
    for row in records.verifications.values():
        if row.status is VerificationStatus.FAILED and row.id in sent:
            reasons = "; ".join(each.reason or "-" for each in records.deliveries_of(row.id))
            yield Finding(Breach.DISOWNED, row.id, f"failed, but the phone has it: {reasons}")


def refused(records: Records) -> Iterable[Finding]:
    """Valid requests that were answered with a 4xx."""
    for request in records.requests:
        if request.refused is not None:
            yield Finding(Breach.REFUSED, request.number, f"answered {request.refused}")


RULES: tuple[Callable[[Records], Iterable[Finding]], ...] = (
    lost,
    late,
    unexpected,
    differing,
    uncaused,
    disowned,
    refused,
)
