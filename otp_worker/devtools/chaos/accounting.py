"""Jepsen's accounting: what became of every request, and which promises were broken. A pure function."""

from collections import Counter
from dataclasses import dataclass, field

from otp_worker.devtools.chaos.breaches import Breach, Finding
from otp_worker.devtools.chaos.records import SENT, Records, grouped
from otp_worker.devtools.chaos.rules import RULES
from otp_worker.domain.verification import OPEN, DeliveryStatus, VerificationStatus

_ENDS = {
    VerificationStatus.CANCELED: "canceled",
    VerificationStatus.APPROVED: "sent",
    VerificationStatus.MAX_CHECKS_REACHED: "sent",
}


@dataclass(frozen=True, slots=True)
class Account:
    """What became of the requests; ``ends`` and ``doors`` count each accepted one once."""

    asked: int
    accepted: int
    doors: Counter[str]
    unknown: int
    ends: Counter[str]
    messages: int
    duplicated: int
    duplicates_bound: int
    explained: int
    unsure: int
    failed: Counter[int]
    findings: list[Finding] = field(default_factory=list)

    def count(self, breach: Breach) -> int:
        """How many breaches of that kind there are."""
        return sum(finding.breach is breach for finding in self.findings)


def account(records: Records, *, worker_kills: int, concurrency: int, dedupe: bool) -> Account:
    """Draw the account of a run in which workers of that concurrency were killed that often.

    With ``dedupe`` the gateway takes each reference once, and no message may be doubled.
    """
    rows = records.deliveries.values()
    uncertain, abandoned = sum(row.uncertain for row in rows), sum(row.abandoned for row in rows)
    bound = 0 if dedupe else uncertain + worker_kills * concurrency
    duplicated = sum(len(lines) - 1 for lines in grouped(records.journal, lambda line: line.ref).values())
    findings = [finding for rule in RULES for finding in rule(records)]
    if duplicated > bound:
        findings.append(Finding(Breach.TOO_MANY_DOUBLES, "all", f"{duplicated} doubled, bound {bound}"))
    return Account(
        asked=len(records.requests),
        accepted=len(records.accepted),
        doors=Counter(str(request.wish.door) for request in records.accepted),
        unknown=sum(not request.accepted_at and not request.refused for request in records.requests),
        ends=Counter(_end(records, request.verification_id or "") for request in records.accepted),
        messages=len(records.journal),
        duplicated=duplicated,
        duplicates_bound=bound,
        explained=uncertain + abandoned,
        failed=Counter(request.failed for request in records.requests if request.failed),
        unsure=len(records.unsure),
        findings=findings,
    )


def _end(records: Records, verification_id: str) -> str:
    row = records.verifications.get(verification_id)
    statuses = {each.status for each in records.deliveries_of(verification_id)}
    if row is None or statuses & set(OPEN):
        return "lost"
    if row.status in _ENDS:
        return _ENDS[row.status]
    if statuses & set(SENT):
        return "sent"
    return "expired" if DeliveryStatus.EXPIRED in statuses else "failed"
