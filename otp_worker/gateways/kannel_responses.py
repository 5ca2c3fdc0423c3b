"""What Kannel's smsbox answers to a sendsms, and what came of the message then."""

from otp_worker.domain.gateway import Outcome, OutcomeKind
from otp_worker.gateways.client import Answer
from otp_worker.gateways.parsing import accepted, usual_outcome

_ANSWERS = {
    (202, "0: Accepted for delivery"): accepted(None),
    (202, "3: Queued for later delivery"): Outcome(
        OutcomeKind.ACCEPTED, "kept by Kannel while its link to the SMSC is down (3: Queued)"
    ),
    (400, "Number(s) has/have been denied by white- and/or black-lists."): Outcome(
        OutcomeKind.REFUSED, "Kannel's white- or black-list denies the number"
    ),
    (400, "Sender missing and no global set, rejected"): Outcome(
        OutcomeKind.MISCONFIGURED, "Kannel knows no sender: set sender here, or global-sender in kannel.conf"
    ),
    (403, "Authorization failed for sendsms"): Outcome(
        OutcomeKind.MISCONFIGURED, "Kannel refuses our user, password or address"
    ),
    (403, "Not routable. Do not try again."): Outcome(
        OutcomeKind.REFUSED, "Kannel has no route to the number (not routable)"
    ),
    # A full queue, or bearerbox on its way down; no answer says which, and neither takes the message.
    (503, "Temporal failure, try again later."): Outcome(
        OutcomeKind.UNAVAILABLE, "Kannel takes no messages now (temporal failure)"
    ),
}
"""By status and whole text."""


def outcome(answer: Answer) -> Outcome:
    """What the answer means; one that Kannel does not give by itself means what it usually does."""
    return _ANSWERS.get((answer.status, answer.text.strip())) or usual_outcome(answer, "no error code")
