"""What textbee's answers to a send mean, by the words of its source (``gateway.service.ts``)."""

import re
from typing import Any

from otp_worker.domain.gateway import Outcome, OutcomeKind
from otp_worker.gateways.client import Answer
from otp_worker.gateways.parsing import accepted, clean, usual_outcome

# Each is said before the message is pushed or queued: certainly nothing was sent.
_SAID = {
    "Device does not exist or is not enabled": Outcome(
        OutcomeKind.MISCONFIGURED, "the gateway has the device disabled, or none of that id"
    ),
    "Invalid device id": Outcome(OutcomeKind.MISCONFIGURED, "the gateway takes no such device id"),
    "Please verify your email to continue": Outcome(
        OutcomeKind.MISCONFIGURED, "the gateway account's e-mail address is not verified"
    ),
    "Sorry, we cannot process your request at the moment": Outcome(
        OutcomeKind.MISCONFIGURED, "the gateway account is not active"
    ),
    "Failed to create SMS batch": Outcome(OutcomeKind.UNAVAILABLE, "the gateway could not store the message"),
}
_PUSH_FAILED = "Failed to send SMS"

# The codes of firebase-admin's errors, wherever in the answer they stand.
_PUSH_CODE = re.compile(r'"code"\s*:\s*"messaging/([a-z-]+)"')
_TAKES_NO_PUSH = frozenset(
    {
        "authentication-error",
        "invalid-argument",
        "invalid-registration-token",
        "mismatched-credential",
        "registration-token-not-registered",
        "third-party-auth-error",
    }
)
_TOO_MANY_PUSHES = frozenset({"device-message-rate-exceeded", "message-rate-exceeded"})


def read_send(answer: Answer) -> Outcome:
    """The outcome of a send of one SMS."""
    body = answer.body or {}
    if answer.status in (200, 201):
        data = body.get("data")
        return _taken(answer, data if isinstance(data, dict) else {})
    if answer.status == 429 and body.get("hasReachedLimit") is True:
        return Outcome(OutcomeKind.MISCONFIGURED, "the gateway's plan is used up (429)")
    said = clean(body.get("error")) or clean(body.get("message")) or ""
    if said == _PUSH_FAILED:
        return _push_failed(answer)
    return _SAID.get(said) or usual_outcome(answer, str(answer.status))


def _taken(answer: Answer, data: dict[str, Any]) -> Outcome:
    """A queue's answer names the batch; a push's answer counts, and names nothing."""
    batch = clean(data.get("smsBatchId"))
    if data.get("success") is True and batch:
        return accepted(batch)
    pushed, failed = _count(data.get("successCount")), _count(data.get("failureCount"))
    if pushed and failed == 0:
        return accepted(None)
    if pushed == 0 and failed:
        return _push_failed(answer)
    return usual_outcome(answer, str(answer.status))


def _push_failed(answer: Answer) -> Outcome:
    """Only the push service's own refusal is certain: what it did not answer, it may have taken."""
    codes = set(_PUSH_CODE.findall(answer.text))
    if codes and codes <= _TAKES_NO_PUSH:
        reason = f"the phone takes no push, open its textbee app ({', '.join(sorted(codes))})"
        return Outcome(OutcomeKind.MISCONFIGURED, reason)
    if codes and codes <= _TOO_MANY_PUSHES:
        return Outcome(OutcomeKind.THROTTLED, "the push service asks for fewer messages")
    return Outcome(OutcomeKind.UNCERTAIN, "the push to the phone failed, perhaps after it was taken")


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
