"""Hand-made records of a run in which all went well, to be spoilt by a test."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from otp_worker.devtools.chaos.records import DeliveryRow, JournalLine, Records, Request, VerificationRow
from otp_worker.domain.verification import DeliveryStatus, VerificationStatus

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
NUMBER = "+447400123456"
VERIFICATION = "ver_1"
DELIVERY = "ver_1.1"


def after(seconds: float) -> datetime:
    """An instant, counted from when the code was asked for."""
    return NOON + timedelta(seconds=seconds)


def request(**changes: Any) -> Request:
    """A request that was accepted."""
    return replace(Request(NUMBER, NOON, after(0.1), VERIFICATION), **changes)


def verification(**changes: Any) -> VerificationRow:
    """A verification that waits for its code."""
    row = VerificationRow(VERIFICATION, NUMBER, VerificationStatus.PENDING, after(300), "key", b"hash")
    return replace(row, **changes)


def delivery(**changes: Any) -> DeliveryRow:
    """A delivery that the gateway took at the first attempt."""
    row = DeliveryRow(
        id=DELIVERY,
        verification_id=VERIFICATION,
        status=DeliveryStatus.SENT,
        attempts=1,
        abandoned=0,
        uncertain=0,
        gateway="phone",
        gateway_message_id="msg_1",
        reason=None,
        deadline_at=after(60),
    )
    return replace(row, **changes)


def line(**changes: Any) -> JournalLine:
    """The message of that delivery."""
    return replace(JournalLine(DELIVERY, NUMBER, "123456", after(1)), **changes)


def records(
    requests: list[Request] | None = None,
    verifications: list[VerificationRow] | None = None,
    deliveries: list[DeliveryRow] | None = None,
    journal: list[JournalLine] | None = None,
) -> Records:
    """A run with these records; those that are not given are the ones of a single code sent well."""
    return Records(
        [request()] if requests is None else requests,
        {row.id: row for row in ([verification()] if verifications is None else verifications)},
        {row.id: row for row in ([delivery()] if deliveries is None else deliveries)},
        [line()] if journal is None else journal,
    )
