"""When gateways and SIMs were away, put together from their breakers' steps."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from otp_worker.domain.step import Step, StepKind


@dataclass(frozen=True, slots=True)
class Outage:
    """When a gateway, or one SIM that was asked to wait, sent nothing; ``until`` is None while it lasts."""

    gateway: str | None
    sim: str | None
    since: datetime
    until: datetime | None = None
    reason: str | None = None

    @property
    def is_of_a_phone(self) -> bool:
        """Whether the gateway said that its phone is away, rather than being away itself."""
        return self.reason is None or "phone" in self.reason

    def holds_at(self, instant: datetime) -> bool:
        """Whether it lasted at this instant."""
        return self.since <= instant and (self.until is None or self.until > instant)

    def touches(self, since: datetime, until: datetime) -> bool:
        """Whether some of it lies between two instants."""
        return self.since < until and (self.until is None or self.until > since)


def outages_of(steps: Iterable[Step]) -> list[Outage]:
    """The outages that these steps tell of, in the order of their beginnings."""
    found: list[Outage] = []
    for step in sorted(steps, key=lambda step: step.at):
        whose = (step.gateway, step.sim)
        going_on = next(
            (each for each in found if (each.gateway, each.sim) == whose and not each.until), None
        )
        if step.kind is StepKind.BREAKER_OPENED and going_on is None:
            found.append(Outage(step.gateway, step.sim, step.at, reason=step.detail))
        elif step.kind is StepKind.BREAKER_CLOSED and going_on is not None:
            found[found.index(going_on)] = replace(
                going_on, since=_since(step, going_on.since), until=step.at
            )
        elif step.kind is StepKind.BREAKER_CLOSED and step.milliseconds is not None:
            found.append(Outage(step.gateway, step.sim, _since(step, step.at), step.at, step.detail))
    return sorted(found, key=lambda each: each.since)


def _since(closed: Step, known: datetime) -> datetime:
    """When an outage began: its first failure came before the breaker opened, and its end knows of that."""
    if closed.milliseconds is None:
        return known
    return min(known, closed.at - timedelta(milliseconds=closed.milliseconds))
