"""The one door: from what is kept of a verification to its plain cause."""

from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo

from otp_worker.domain.cause.ended import ended, given_up
from otp_worker.domain.cause.facts import Cause, Facts, cause, in_words_of_email
from otp_worker.domain.cause.message import of_message
from otp_worker.domain.cause.outages import outages_of
from otp_worker.domain.cause.sent import after_all, handed_over, typed
from otp_worker.domain.cause.unsent import unsent
from otp_worker.domain.message import is_message
from otp_worker.domain.sim import Sim
from otp_worker.domain.step import Step
from otp_worker.domain.verification import OPEN, Delivery, DeliveryStatus, Verification, VerificationStatus

_HANDED_OVER = (DeliveryStatus.SENT, DeliveryStatus.DELIVERED, DeliveryStatus.UNDELIVERED)
REHEARSAL = "A rehearsal with a test key: no SMS leaves."
RESEND = "Another SMS with the same code was asked for."


def explain(
    verification: Verification,
    deliveries: Sequence[Delivery],
    steps: Sequence[Step],
    outages: Sequence[Step],
    now: datetime,
    zone: tzinfo = UTC,
    sims: Sequence[Sim] = (),
) -> Cause:
    """Why a verification is where it is, at ``now``.

    ``deliveries`` and ``steps`` are in the order of time, ``outages`` the steps of the gateways' breakers.
    Instants are said in ``zone``. ``sims`` name whose phone is away, and when a SIM's day ends.
    """
    facts = Facts(verification, deliveries, steps, outages_of(outages), now, zone, sims)
    told = in_words_of_email(_told(facts)) if facts.is_of_email else _told(facts)
    return told.after(REHEARSAL) if facts.is_rehearsal else told


def _told(facts: Facts) -> Cause:
    status = facts.verification.status_at(facts.now)
    newest = facts.newest
    if newest is not None and is_message(facts.verification):
        return of_message(facts, newest)
    if status is not VerificationStatus.PENDING:
        return ended(facts, status).followed_by(after_all(newest) if newest else "")
    if newest is None:
        until = facts.minute(facts.verification.expires_at)
        return cause(f"Waiting for the person to text the token to us, at the latest until {until}")
    if newest.status in OPEN:
        told = unsent(facts, newest)
        return told.after(RESEND) if len(facts.deliveries) > 1 else told
    if newest.status in _HANDED_OVER:
        return handed_over(facts, newest).followed_by(typed(facts))
    return _only_an_earlier_one(facts, newest)


def _only_an_earlier_one(facts: Facts, newest: Delivery) -> Cause:
    """The newest SMS is given up, and the code of one that was, or may have been, sent still counts."""
    told = given_up(facts, newest, newest.reason, newest.deadline_at)
    if facts.sent is None:
        return told.followed_by("It may have been sent before that; the code can be entered.")
    return told.followed_by("The code of the earlier SMS can still be entered.").followed_by(typed(facts))
