"""How a verification that is over came to its end."""

from datetime import datetime

from otp_worker.domain.cause import hindrance, words
from otp_worker.domain.cause.facts import Cause, Facts, cause
from otp_worker.domain.cause.sent import after_all
from otp_worker.domain.gateway import OutcomeKind
from otp_worker.domain.inbound_token import INBOUND
from otp_worker.domain.sim import SANDBOX
from otp_worker.domain.step import BY_ITS_APP, StepKind
from otp_worker.domain.verification import Delivery, DeliveryStatus, VerificationStatus

SUPERSEDED = "superseded by a newer request"
REPORTED = "reported by the person"
RESTORED = "the database was restored from a backup"
WANTS_NO_SMS = "the person wants no SMS"
LATE = "not sent in time: "
NO_WORKER = "no worker took it up"
LOST_WORKER = "its worker never came back"
DIED = "given up: its attempts never ended"
REFUSED = "the gateway refuses this message"
REFUSED_NUMBER = "the gateway refused the number"
UNREACHABLE = "the gateway reports this number as unreachable"
RIGHT, NOBODY = "the right code was entered", "nobody entered the code"


def ended(facts: Facts, status: VerificationStatus) -> Cause:
    """The cause of a verification with a status that is an end."""
    if status is VerificationStatus.APPROVED:
        return _approved(facts)
    if status is VerificationStatus.MAX_CHECKS_REACHED:
        number = facts.wrong_codes or facts.verification.max_checks
        return cause(f"The person typed {words.counted(number, 'wrong code')}")
    if status is VerificationStatus.CANCELED:
        return _canceled(facts)
    if status is VerificationStatus.EXPIRED:
        return _expired(facts)
    return _failed(facts)


def given_up(facts: Facts, delivery: Delivery | None, reason: str | None, at: datetime) -> Cause:
    """Why an SMS was not sent and will not be."""
    said = (reason or "").removeprefix("rehearsed: ")
    if said.startswith(WANTS_NO_SMS):
        stop = facts.reply("stop")
        return cause(f"Not sent: the number texted STOP{f' {facts.when(stop.at)}' if stop else ''}")
    if said.startswith(UNREACHABLE):
        return cause(
            "The gateway reports that the number cannot receive SMS", "The number cannot receive SMS"
        )
    if said.startswith(DIED):
        return cause(
            "Given up: each worker that took it up died over it; look at the workers' log",
            "Not sent, although it was tried several times",
        )
    if delivery is None:
        return _unknown(said)
    if said.startswith(LATE):
        return _late(facts, delivery, said.removeprefix(LATE), at)
    if said.startswith((REFUSED, "the gateway refused")) or _was_refused(facts, delivery):
        return _refused(delivery, said)
    return _unknown(said)


def _refused(delivery: Delivery, said: str) -> Cause:
    is_named = delivery.gateway and delivery.route != SANDBOX
    gateway = f"Gateway {delivery.gateway}" if is_named else "The gateway"
    # What our own words say already is not said twice.
    more = said.removeprefix(REFUSED).removeprefix(REFUSED_NUMBER).strip()
    why = f"{'' if more.startswith('(') else ':'} {more}" if more else ""
    return cause(f"{gateway} refuses the number or the message{why}", "The number or the message is refused")


def _unknown(said: str) -> Cause:
    seen = "Not sent; the operator of the service can see why"
    return cause(f"Not sent: {said}" if said else "Not sent", seen)


def _approved(facts: Facts) -> Cause:
    found = facts.verification
    after = f" {facts.after_request(found.ended_at)} after the request" if found.ended_at else ""
    if found.channel == INBOUND:
        return cause(f"Approved: the person texted the token{after}")
    if found.reason == BY_ITS_APP:
        by = f"Approved by the app without the code{after}"
        return cause(by.replace("the app", f"the app {found.app}"), by)
    number = len(facts.deliveries)
    resent = f", after {words.number_word(number)} SMS" if number > 1 else ""
    return cause(f"Approved: {RIGHT}{after}{resent}")


def _canceled(facts: Facts) -> Cause:
    found = facts.verification
    after = f" {facts.after_request(found.ended_at)} after the request" if found.ended_at else ""
    # What went out after all was not known to be sent by then.
    was_sent = facts.sent is not None and not after_all(facts.sent)
    sent = "after its SMS was handed over" if was_sent else "before its SMS was sent"
    if found.reason == SUPERSEDED:
        return cause(f"Replaced by a newer request{after.replace('the request', 'this one')}, {sent}")
    if found.reason == REPORTED:
        at = f" {facts.when(found.ended_at)}" if found.ended_at else ""
        return cause(f"The person reported{at} that somebody else asked for the code")
    if (found.reason or "").startswith(RESTORED):
        return cause(f"Canceled: {found.reason}", "Canceled: the service was restored from a backup")
    by = f"Canceled by the app{after}, {sent}"
    return cause(by.replace("the app", f"the app {found.app}"), by)


def _expired(facts: Facts) -> Cause:
    found = facts.verification
    at = facts.minute(found.expires_at)
    if found.channel == INBOUND:
        return cause(f"Nobody texted the token by {at}")
    wrong = words.counted(facts.wrong_codes, "wrong code")
    how = f"{wrong} {'was' if facts.wrong_codes == 1 else 'were'} typed" if facts.wrong_codes else NOBODY
    sms = facts.sent
    if sms is None or sms.sent_at is None:
        newest = facts.newest
        why = _why(facts, newest, found.expires_at) if newest else Cause("", "")
        late = f"The code expired at {at}, before its SMS was sent"
        operators = f"{late}: {why.for_operators}" if why.for_operators else late
        return cause(operators, f"{late}: {why.for_apps}" if why.for_apps else late)
    if sms.status is DeliveryStatus.DELIVERED and sms.delivered_at:
        return cause(
            f"The code expired at {at}: {how}, although the SMS arrived at {facts.second(sms.delivered_at)}"
        )
    if sms.status is DeliveryStatus.UNDELIVERED:
        return cause(f"The code expired at {at}: {how}, and the receipt says that the SMS did not arrive")
    return cause(
        f"The code expired at {at}: {how}; the SMS was handed over at {facts.second(sms.sent_at)} "
        "and no receipt says that it arrived"
    )


def _why(facts: Facts, delivery: Delivery, at: datetime) -> Cause:
    return Cause(
        hindrance.for_operators(facts, delivery, delivery.reason, at),
        hindrance.for_apps(facts, delivery, delivery.reason, at),
    )


def _failed(facts: Facts) -> Cause:
    found = facts.verification
    return given_up(facts, facts.newest, found.reason, found.ended_at or facts.now)


def _late(facts: Facts, delivery: Delivery, why: str, at: datetime) -> Cause:
    late = words.too_late(facts.minute(delivery.deadline_at))
    if why == NO_WORKER:
        return cause(f"{late}: no worker took it up; look whether workers and beat run", late)
    if why == LOST_WORKER:
        return cause(f"{late}: the worker that took it up never came back", late)
    operators = hindrance.for_operators(facts, delivery, why, at)
    apps = hindrance.for_apps(facts, delivery, why, at)
    return cause(f"{late}: {operators}" if operators else late, f"{late}: {apps}" if apps else late)


def _was_refused(facts: Facts, delivery: Delivery) -> bool:
    attempt = facts.last(delivery, StepKind.ATTEMPT)
    return attempt is not None and attempt.outcome == OutcomeKind.REFUSED
