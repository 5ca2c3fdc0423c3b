"""How far an SMS came that was, or may have been, handed over."""

from datetime import datetime

from otp_worker.domain.cause import words
from otp_worker.domain.cause.facts import MAYBE_SENT, Cause, Facts, cause, may_be_sent, via
from otp_worker.domain.public_reason import SENT_AFTER_ALL
from otp_worker.domain.step import StepKind
from otp_worker.domain.verification import Delivery, DeliveryStatus, is_email

RECEIPT_SECONDS = 30
"""A receipt that has not come after so long may mean that the SMS did not arrive."""
AT_ONCE_SECONDS = 0.1


def handed_over(facts: Facts, delivery: Delivery) -> Cause:
    """The cause of a delivery that is sent, delivered or undelivered."""
    if delivery.status is DeliveryStatus.DELIVERED:
        return _delivered(facts, delivery)
    if delivery.status is DeliveryStatus.UNDELIVERED:
        return _undelivered(facts, delivery)
    if may_be_sent(delivery):
        return _perhaps(facts, delivery)
    return _no_receipt(facts, delivery)


def typed(facts: Facts) -> str:
    """What was typed so far while the code can still be entered; empty for nothing."""
    found = facts.verification
    if any(step.kind is StepKind.CHECK and step.outcome == "locked" for step in facts.steps[-1:]):
        return "The last check was refused: the number is locked after too many wrong codes."
    if not facts.wrong_codes:
        return ""
    were = "was" if facts.wrong_codes == 1 else "were"
    return words.sentence(
        f"{words.counted(facts.wrong_codes, 'wrong code')} {were} typed; "
        f"{words.counted(found.checks_left, 'check')} {'is' if found.checks_left == 1 else 'are'} left"
    )


def _delivered(facts: Facts, delivery: Delivery) -> Cause:
    if delivery.delivered_at is None:
        return cause(f"Delivered{via(delivery)}", "Delivered")
    when = _after_outage(facts, delivery, delivery.delivered_at)
    if when is None:
        took = words.lasting((delivery.delivered_at - delivery.created_at).total_seconds())
        after = f"{took} after it was asked for"
        return cause(f"Delivered{via(delivery)} {after}", f"Delivered {after}")
    return cause(f"Delivered{via(delivery)} {when.for_operators}", f"Delivered {when.for_apps}")


def _after_outage(facts: Facts, delivery: Delivery, arrived_at: datetime) -> Cause | None:
    """How long after an outage an SMS came so far, and how long that had lasted: the ends of sentences."""
    outage = facts.outage_before(delivery, delivery.sent_at) if delivery.sent_at else None
    if outage is None or delivery.sent_at is None:
        return None
    # The SMS that finds out that the phone is back is sent before that is written down.
    back_at = min(outage.until or delivery.sent_at, delivery.sent_at)
    took = (arrived_at - back_at).total_seconds()
    lasted = words.lasting((back_at - outage.since).total_seconds())
    after = "as soon as" if took < AT_ONCE_SECONDS else f"{words.lasting(took)} after"
    if outage.sim is not None:
        return Cause(
            f"{after} the SIM might send again; its gateway had asked it to wait for {lasted}",
            f"{after} it could be sent; it had to wait for {lasted}",
        )
    # To an app the gateway is the phone that sends.
    back = f"came back; it was offline for {lasted}"
    whose = "phone" if outage.is_of_a_phone else "gateway"
    return Cause(f"{after} the {whose} {back}", f"{after} the phone {back}")


def _undelivered(facts: Facts, delivery: Delivery) -> Cause:
    receipt = facts.last(delivery, StepKind.RECEIPT)
    at = f" at {facts.second(receipt.at)}" if receipt else ""
    return cause(
        f"Not delivered: the receipt{at} says that the SMS sent{via(delivery)} did not arrive",
        f"Not delivered: the receipt{at} says that the SMS did not arrive",
    )


def _perhaps(facts: Facts, delivery: Delivery) -> Cause:
    at = f" at {facts.second(delivery.sent_at)}" if delivery.sent_at else ""
    why = (delivery.reason or "").removeprefix(MAYBE_SENT).removeprefix(": ")
    maybe = f"It may have been sent{at}"
    return cause(
        f"{maybe}{via(delivery)}: {why or 'no answer came'}; the code can be entered",
        f"{maybe}: no answer came; the code can be entered",
    )


def _no_receipt(facts: Facts, delivery: Delivery) -> Cause:
    if delivery.sent_at is None:
        return cause(f"Handed over{via(delivery)}", "Handed over")
    since = (facts.now - delivery.sent_at).total_seconds()
    waited = _after_outage(facts, delivery, delivery.sent_at)
    late = since > RECEIPT_SECONDS
    receipt = "no receipt since: the SMS may not have arrived" if late else "no receipt came yet"
    if is_email(facts.verification, delivery):
        receipt = "a mail server sends no receipts"
    at = f"at {facts.second(delivery.sent_at)}"
    if waited is None:
        return cause(f"Handed over{via(delivery)} {at}; {receipt}", f"Handed over {at}; {receipt}")
    return cause(
        f"Handed over{via(delivery)} {at}, {waited.for_operators}; {receipt}",
        f"Handed over {at}, {waited.for_apps}; {receipt}",
    )


def after_all(delivery: Delivery) -> str:
    """That an SMS went out although it had been given up; empty where it did not."""
    is_said = (delivery.reason or "").endswith(SENT_AFTER_ALL)
    return "The SMS went out after all, as its receipt says." if is_said else ""
