"""One step on a verification's way: what happened when, without the code and without the number."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Self


class StepKind(StrEnum):
    """What happened. Which fields of a step each kind fills stands beside it."""

    ACCEPTED = "accepted"
    """The request was answered with 202. ``count``: sends left by its limits; ``detail``: the template."""
    PUBLISHED = "published"
    """The sweep put the delivery's id on the queue again, as no worker had taken it up."""
    CLAIMED = "claimed"
    """A worker took the delivery up. ``detail``: the worker's name.

    One that goes on waiting leaves none.
    """
    HASHED = "hashed"
    """The code's hash was stored. ``milliseconds``: what hashing took."""
    ATTEMPT = "attempt"
    """A gateway was asked to send. ``outcome``: the kind of its answer; ``detail``: the reason.

    ``milliseconds``: what it took, until ``at``. Probes that fail are counted instead.
    """
    WAITING = "waiting"
    """The delivery waits in the database. ``detail``: for what; ``count``: its position, if known.

    It is told once, however often it is tried in between.
    """
    BREAKER_OPENED = "breaker_opened"
    """A gateway or SIM is taken to be away. It belongs to no verification. ``detail``: why."""
    BREAKER_CLOSED = "breaker_closed"
    """It is back. It belongs to no verification. ``milliseconds``: how long it was away.

    ``count``: how many probes found it away.
    """
    PROBE = "probe"
    """The delivery asked whether a gateway is back, ``count`` times in vain, at ``at`` for the last time.

    The other fields are an attempt's, of the last time.
    """
    TAKEN = "taken"
    """The gateway took the SMS over. ``milliseconds``: since this SMS was asked for."""
    RECEIPT = "receipt"
    """A receipt came that says something new. ``outcome``: what it says.

    ``milliseconds``: since the gateway took the SMS, or since we knew that it did.
    """
    REPLY = "reply"
    """The person wrote. ``outcome``: the kind of the reply."""
    RESEND = "resend"
    """Another SMS with the same code was asked for."""
    CHECK = "check"
    """A code was checked. ``outcome``: right, wrong or locked; ``count``: how many checks are left.

    While its number is locked, the first check is told of, and no other one.
    """
    APPROVED = "approved"
    """The right code was entered. ``milliseconds``: since the request was accepted."""
    ENDED = "ended"
    """The verification is over otherwise. ``outcome``: its status; ``detail``: why."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step; ``delivery_number`` counts a verification's SMS from 1. What does not apply is None."""

    at: datetime
    kind: StepKind
    verification_id: str | None = None
    delivery_number: int | None = None
    outcome: str | None = None
    http_status: int | None = None
    milliseconds: int | None = None
    count: int | None = None
    gateway: str | None = None
    sim: str | None = None
    detail: str | None = None

    @classmethod
    def of(cls, delivery_id: str, at: datetime, kind: StepKind, **more: Any) -> Self:
        """A step of a delivery."""
        verification_id, _, number = delivery_id.rpartition(".")
        return cls(at, kind, verification_id, int(number), **more)

    @property
    def delivery_id(self) -> str | None:
        """The id of the delivery that it is about, if it is about one."""
        if self.verification_id is None or self.delivery_number is None:
            return None
        return f"{self.verification_id}.{self.delivery_number}"


def milliseconds(since: datetime | None, until: datetime) -> int | None:
    """From one instant to another, 0 where clocks differ; None where the first is not known."""
    return None if since is None else max(round((until - since).total_seconds() * 1000), 0)


BY_ITS_APP = "approved by the app"
"""The reason of a verification that ended as approved without its code."""


def approved(verification_id: str, asked_at: datetime, now: datetime, detail: str | None = None) -> Step:
    """The end of a verification that was asked for at that instant."""
    took = milliseconds(asked_at, now)
    return Step(now, StepKind.APPROVED, verification_id, milliseconds=took, detail=detail)
