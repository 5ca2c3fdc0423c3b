"""What an app is told of a reason: our own sentences, and never the operator's affairs.

A row keeps the reason in the operator's words, with the SIM's name, its budget or the gateway's code word.
"""

from otp_worker.domain.quiet_hours import QUIET
from otp_worker.domain.verification import DeliveryStatus, VerificationStatus

SENT_AFTER_ALL = "; the gateway reports it as sent after all"
"""What the reason of a delivery that was given up ends with, once it turns out that its SMS went out."""

_SENTENCES = (
    "accepted by the gateway",
    "approved before this was sent",
    "approved by the app",
    "canceled before it was sent",
    "expired before it was sent",
    "it may have been sent",
    f"not sent in time: {QUIET}",
    "not sent in time",
    QUIET,
    "rehearsed: no paired phone is online",
    "rehearsed: the gateway refused the number",
    "reported by the person",
    "superseded by a newer request",
    "taken by the rehearsal; no SMS is sent",
    "the code was entered before this was sent",
    "the database was restored from a backup",
    "the gateway refuses this message",
    "the mail server refuses the address",
    "the mail server took it",
    "the gateway reports it as not delivered",
    "the gateway reports this number as unreachable",
    "the person wants no SMS",
    "too many wrong codes before this was sent",
)
"""A reason that begins with one of these is shown to apps as that."""

_OTHERWISE: dict[str, str] = {
    DeliveryStatus.QUEUED: "it is tried again soon",
    DeliveryStatus.SENDING: "it is tried again soon",
    DeliveryStatus.WAITING: "it waits for a phone that can send it",
    DeliveryStatus.FAILED: "it could not be sent",
    DeliveryStatus.EXPIRED: "not sent in time",
    DeliveryStatus.SUPERSEDED: "it was called back before it was sent",
}
"""What is said otherwise; a verification that failed has the word of its delivery."""


def public_reason(status: DeliveryStatus | VerificationStatus, reason: str | None) -> str | None:
    """The reason of a verification or a delivery in this status, as an app may know it."""
    if reason is None:
        return None
    ours = next((sentence for sentence in _SENTENCES if reason.startswith(sentence)), None)
    said = ours or _OTHERWISE.get(status)
    return f"{said}{SENT_AFTER_ALL}" if said and reason.endswith(SENT_AFTER_ALL) else said
