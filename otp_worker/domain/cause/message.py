"""Why a message is where it is: it has one SMS, and nothing is entered."""

from otp_worker.domain.cause.ended import given_up
from otp_worker.domain.cause.facts import Cause, Facts, cause, may_be_sent, via
from otp_worker.domain.cause.sent import after_all, handed_over
from otp_worker.domain.cause.unsent import unsent
from otp_worker.domain.message import MessageStatus, status_at
from otp_worker.domain.verification import OPEN, Delivery

_ON_ITS_WAY = (MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.UNDELIVERED)


def of_message(facts: Facts, sms: Delivery) -> Cause:
    """The cause of a message."""
    status = status_at(facts.verification, facts.now)
    if status is MessageStatus.CANCELED:
        by = "Called back by the app, before it was sent"
        told = cause(by.replace("the app", f"the app {facts.verification.app}"), by)
        return told.followed_by(after_all(sms))
    if status in _ON_ITS_WAY:
        return _maybe(facts, sms) if may_be_sent(sms) else handed_over(facts, sms)
    if sms.status in OPEN:
        return unsent(facts, sms)
    return given_up(facts, sms, sms.reason, sms.deadline_at).followed_by(after_all(sms))


def _maybe(facts: Facts, sms: Delivery) -> Cause:
    at = f" at {facts.second(sms.sent_at)}" if sms.sent_at else ""
    maybe = f"It may have been sent{at}"
    return cause(f"{maybe}{via(sms)}: no answer came", f"{maybe}: no answer came")
