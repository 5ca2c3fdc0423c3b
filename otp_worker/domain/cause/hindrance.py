"""What keeps an SMS from leaving: the reasons that a row holds, in the words of a support person."""

import re
from datetime import datetime, time, timedelta, tzinfo

from otp_worker.domain.cause import words
from otp_worker.domain.cause.facts import Facts
from otp_worker.domain.cause.outages import Outage
from otp_worker.domain.gateway import OutcomeKind
from otp_worker.domain.quiet_hours import QUIET
from otp_worker.domain.step import StepKind
from otp_worker.domain.verification import Delivery

_DAY = re.compile(r"(?P<sim>\S+) has sent its (?P<number>\d+) of today")
_MONTH = re.compile(r"(?P<sim>\S+) has written to its (?P<number>\d+) numbers of this month")
_HOURS = re.compile(r"(?P<sim>\S+) works (?P<hours>\d\d:\d\d-\d\d:\d\d)")
_PACE = re.compile(r"waits for its turn: (?P<pace>\d+) a minute")
_NO_SIM = re.compile(r"no SIM serves (?P<country>\S+)")


def for_operators(facts: Facts, delivery: Delivery, reason: str | None, at: datetime) -> str:
    """Why a delivery did not leave by an instant, with the names of SIMs and gateways; empty if unknown."""
    if reason == QUIET:
        return QUIET
    parts = [part.removeprefix("rehearsed: ") for part in (reason or "").split("; ") if part]
    if not parts:
        outage = facts.outage(delivery, at)
        return _away(facts, delivery, outage, outage.reason or "") if outage else ""
    return "; ".join(dict.fromkeys(_part(facts, delivery, part, at) for part in parts))


def for_apps(facts: Facts, delivery: Delivery, reason: str | None, at: datetime) -> str:
    """The same for an app: quiet hours or an offline phone, and nothing else of the operator's affairs."""
    if reason == QUIET:
        return QUIET
    if not is_offline(facts, delivery, reason, at):
        return ""
    return _offline(facts, "the phone that sends it", facts.outage(delivery, at))


def is_offline(facts: Facts, delivery: Delivery, reason: str | None, at: datetime) -> bool:
    """Whether a delivery waited for a phone, or a gateway, that was away."""
    parts = [part for part in (reason or "").split("; ") if part]
    if QUIET in parts or any(
        pattern.fullmatch(part) for part in parts for pattern in (_DAY, _MONTH, _HOURS, _PACE, _NO_SIM)
    ):
        return False
    if any(_outcome(facts, delivery, part) == OutcomeKind.MISCONFIGURED for part in parts):
        return False
    outage = facts.outage(delivery, at)
    if outage is None or outage.sim is not None:
        return any("phone" in part for part in parts)
    return True


def _part(facts: Facts, delivery: Delivery, part: str, at: datetime) -> str:
    if found := _DAY.fullmatch(part):
        again = _next_day(facts, found["sim"], at)
        return (
            f"SIM {found['sim']} has used its {found['number']} SMS of today; "
            f"the next can go {_from(facts, again)}"
        )
    if found := _MONTH.fullmatch(part):
        again = _next_month(facts, found["sim"], at)
        return (
            f"SIM {found['sim']} has written to its {found['number']} numbers of this month; "
            f"it can write to a new one from {words.day(again)} on"
        )
    if found := _HOURS.fullmatch(part):
        return f"SIM {found['sim']} works from {found['hours'].replace('-', ' to ')} only"
    if found := _PACE.fullmatch(part):
        return f"the SMS waits for its turn, as the SIM sends {found['pace']} a minute"
    if found := _NO_SIM.fullmatch(part):
        return f"no SIM may send to {found['country']}"
    outcome = _outcome(facts, delivery, part)
    if outcome == OutcomeKind.MISCONFIGURED:
        return f"{_gateway(delivery)} refuses our account, until you mend that: {_it(part)}"
    outage = facts.outage(delivery, at)
    if outcome == OutcomeKind.THROTTLED or (outage is not None and outage.sim is not None):
        return _asked_to_wait(facts, delivery, outage, part)
    return _away(facts, delivery, outage, part) if outage or "phone" in part else part


def _asked_to_wait(facts: Facts, delivery: Delivery, outage: Outage | None, reason: str) -> str:
    sim = (outage.sim if outage else None) or delivery.sim
    since = f" since {facts.minute(outage.since)}" if outage else ""
    whom = f"SIM {sim}" if sim else "us"
    return f"{_gateway(delivery)} has asked {whom} to wait{since} ({reason})"


def _away(facts: Facts, delivery: Delivery, outage: Outage | None, reason: str) -> str:
    since = f" since {facts.minute(outage.since)}" if outage else ""
    gateway = outage.gateway if outage and outage.gateway else delivery.gateway
    if "phone" in reason or (outage is not None and outage.is_of_a_phone):
        return _offline(facts, _phone(facts, delivery, gateway), outage)
    named = f"gateway {gateway}" if gateway else "the gateway"
    told = f": {_it(reason)}" if reason else ""
    if facts.is_over:
        return f"{named} was away{f' from {facts.minute(outage.since)} on' if outage else ''}{told}"
    return f"{named} {'has been' if since else 'is'} away{since}{told}"


def _offline(facts: Facts, whose: str, outage: Outage | None) -> str:
    if facts.is_over:
        return (
            f"{whose} was offline from {facts.minute(outage.since)} on" if outage else f"{whose} was offline"
        )
    since = f" since {facts.minute(outage.since)}" if outage else ""
    return f"{whose} has been offline{since}" if since else f"{whose} is offline"


def _phone(facts: Facts, delivery: Delivery, gateway: str | None) -> str:
    names = [sim.name for sim in facts.serving(delivery) if sim.gateway == gateway]
    names = names or ([delivery.sim] if delivery.sim else [])
    if not names:
        return f"the phone of gateway {gateway}" if gateway else "the phone"
    return f"the phone of SIM{'s' if len(names) > 1 else ''} {' and '.join(names)}"


def _it(reason: str) -> str:
    """A reason behind the name of the gateway that it is about."""
    rest = reason.removeprefix("the gateway ")
    return reason if rest == reason else f"it {rest}"


def _from(facts: Facts, again: datetime) -> str:
    """When something can go again: at 00:00, and with the day where that is not the next midnight."""
    soon = timedelta(0) < again - facts.now <= timedelta(days=1)
    return f"at {words.to_the_minute(again, again, facts.zone)}" if soon else f"from {facts.minute(again)} on"


def _gateway(delivery: Delivery) -> str:
    return f"gateway {delivery.gateway}" if delivery.gateway else "the gateway"


def _outcome(facts: Facts, delivery: Delivery, reason: str) -> str | None:
    """What kind of answer a reason was, as the last attempt with it tells."""
    attempts = [step for step in facts.of(delivery, StepKind.ATTEMPT) if step.detail == reason]
    return attempts[-1].outcome if attempts else None


def _next_day(facts: Facts, sim: str, at: datetime) -> datetime:
    """When the SIM's next day begins."""
    local = at.astimezone(_zone(facts, sim))
    return datetime.combine(local.date() + timedelta(days=1), time(), local.tzinfo)


def _next_month(facts: Facts, sim: str, at: datetime) -> datetime:
    """When the SIM's next month begins."""
    local = at.astimezone(_zone(facts, sim))
    first = (local.replace(day=1) + timedelta(days=31)).replace(day=1)
    return datetime.combine(first.date(), time(), local.tzinfo)


def _zone(facts: Facts, name: str) -> tzinfo:
    return next((sim.zone for sim in facts.sims if sim.name == name), facts.zone)
