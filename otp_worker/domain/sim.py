"""The operator's SIMs: which gateway each is behind, whom it may serve, and how much it may send."""

import hashlib
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta, tzinfo
from enum import StrEnum

from otp_worker.domain.gateway import Gateway
from otp_worker.domain.verification import EMAIL_ROUTE

SANDBOX = "test"
"""The route of what a test key asks for: to no SIM at all."""


class UncertainPolicy(StrEnum):
    """What to do when the gateway may or may not have sent the SMS."""

    REPEAT = "repeat"
    RESEND_ONCE = "resend_once"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Hours:
    """From a time of day up to another one, perhaps over midnight."""

    start: time
    end: time

    def include(self, local: time) -> bool:
        """Whether a time of day is within them."""
        if self.start <= self.end:
            return self.start <= local < self.end
        return local >= self.start or local < self.end

    def __str__(self) -> str:
        """As the operator writes them."""
        return f"{self.start:%H:%M}-{self.end:%H:%M}"


@dataclass(frozen=True, slots=True)
class Sim:
    """One SIM. A budget, a pace or hours of none are no bound.

    ``number`` is its own (E.164), ``slot`` what its gateway calls it; ``countries`` are those it serves,
    none for all; ``weight`` is its share of the recipients; days and months begin in ``zone``.
    """

    name: str
    gateway: str
    number: str | None = None
    slot: str | None = None
    countries: frozenset[str] | None = None
    weight: int = 1
    pace_per_minute: int = 0
    per_day: int = 0
    recipients_per_month: int = 0
    hours: Hours | None = None
    zone: tzinfo = UTC
    uncertain: UncertainPolicy = UncertainPolicy.RESEND_ONCE

    @property
    def interval(self) -> timedelta | None:
        """The time between two SMS at its pace."""
        return timedelta(minutes=1) / self.pace_per_minute if self.pace_per_minute else None

    @property
    def is_bounded(self) -> bool:
        """Whether what it sends must be counted."""
        return bool(self.pace_per_minute or self.per_day or self.recipients_per_month)

    def serves(self, country: str) -> bool:
        """Whether it may send to a country. No phone sends e-mail."""
        return country != EMAIL_ROUTE if self.countries is None else country in self.countries

    @property
    def is_phone(self) -> bool:
        """Whether it sends SMS, and is not the way of e-mails."""
        return self.countries != frozenset({EMAIL_ROUTE})

    def works_at(self, now: datetime) -> bool:
        """Whether it may send at this instant."""
        return self.hours is None or self.hours.include(now.astimezone(self.zone).time())

    def day(self, now: datetime) -> str:
        """The day that a send at this instant counts for."""
        return now.astimezone(self.zone).date().isoformat()

    def month(self, now: datetime) -> str:
        """The month that a send at this instant counts for."""
        return self.day(now)[:7]

    def midnight(self, now: datetime) -> datetime:
        """The instant at which its present day began."""
        local = now.astimezone(self.zone)
        return local.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Sims:
    """Every SIM, and the gateways behind which they are, by name."""

    all: Sequence[Sim]
    gateways: Mapping[str, Gateway] = field(default_factory=dict)

    def serving(self, country: str) -> list[Sim]:
        """The SIMs that may send to a country."""
        return [sim for sim in self.all if sim.serves(country)]

    def gateway_of(self, sim: Sim) -> Gateway:
        """The gateway that a SIM is behind."""
        return self.gateways[sim.gateway]


def order(sims: Sequence[Sim], recipient: bytes, *, avoid: Collection[str] = ()) -> list[Sim]:
    """The SIMs in the order in which they are to be tried for a recipient; those to avoid come last.

    Each recipient has an order of its own and keeps it, so that people know the number that writes to them,
    and a SIM that is away comes back to its own people. A SIM is first for as large a share of all
    recipients as its weight (weighted rendezvous hashing: no table is kept, and a SIM that joins or leaves
    moves only its own share).
    """
    ranked = sorted(sims, key=lambda sim: (-_score(sim, recipient), sim.name))
    return sorted(ranked, key=lambda sim: sim.name in avoid)


def _score(sim: Sim, recipient: bytes) -> float:
    digest = hashlib.sha256(sim.name.encode() + b"\0" + recipient).digest()
    # Strictly between 0 and 1, so that its logarithm is finite and not zero.
    chance = (int.from_bytes(digest[:6], "big") + 0.5) / 2**48
    return sim.weight / -math.log(chance)
