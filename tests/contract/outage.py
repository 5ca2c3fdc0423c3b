"""Minutes and hours of sending in simulated time: arrivals, sweeps, a queue, and phones that come and go."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count, pairwise

import pytest

from otp_worker.deliver import codes
from otp_worker.deliver.retry import RetryAt
from otp_worker.domain.gateway import Message, Outcome
from otp_worker.domain.passcode import hash_code
from tests.contract.gathering import issue_together
from tests.contract.service import ACCEPTED, OFFLINE, Clock, ObedientGateway, Service

SWEEP_SECONDS = 0.5
QUEUE_SECONDS = 0.02
HASH_SECONDS = 0.03
"""What one bcrypt hash costs a worker of two cores at the default cost."""


@dataclass
class SimulatedPhone(ObedientGateway):
    """A phone behind a gateway that answers ``away`` while the phone is not ``online``, and remembers when.

    It takes ``answer_seconds`` to answer, or ``away_seconds``. With ``tells`` it answers a health question.
    """

    clock: Clock = field(default_factory=Clock)
    online: bool = True
    tells: bool = False
    away: Outcome = OFFLINE
    answer_seconds: float = 0.05
    away_seconds: float = 0.05
    asked_at: list[datetime] = field(default_factory=list)
    answered_at: list[datetime] = field(default_factory=list)
    taken_at: list[datetime] = field(default_factory=list)

    def send(self, message: Message) -> Outcome:
        self.messages.append(message)
        self.asked_at.append(self.clock())
        online = self.online
        self.clock.move(self.answer_seconds if online else self.away_seconds)
        self.answered_at.append(self.clock())
        if online:
            self.taken_at.append(self.clock())
        return ACCEPTED if online else self.away

    def health(self) -> bool | None:
        return self.online if self.tells else None

    def pauses(self, since: datetime) -> list[float]:
        """The seconds from each answer after that instant to the next message."""
        ends = zip(self.answered_at, self.asked_at[1:], strict=False)
        return [(asked - answered).total_seconds() for answered, asked in ends if answered >= since]

    def gaps(self, since: datetime) -> list[float]:
        """The seconds between the messages that were taken after that instant."""
        taken = [since, *(at for at in self.taken_at if at >= since)]
        return [(later - earlier).total_seconds() for earlier, later in pairwise(taken)]


class Simulation:
    """A service whose time passes as its parts need it: sweeps twice a second, and a worker that hashes."""

    def __init__(self, service: Service, monkeypatch: pytest.MonkeyPatch, seed: int = 7) -> None:
        self.service = service
        self.clock = service.clock
        self._random = random.Random(seed)
        self._numbers = count()
        self._retries: list[tuple[datetime, str]] = []
        self._arrives_at = self.clock()
        self._expires_at = self.clock()

        def hash_for_a_while(*arguments: object) -> bytes:
            self.clock.move(HASH_SECONDS)
            return hash_code(*arguments)  # type: ignore[arg-type]

        monkeypatch.setattr(codes, "hash_code", hash_for_a_while)

    def pass_time(
        self,
        seconds: float,
        sends_per_second: float = 0.0,
        prefixes: Sequence[str] = ("+4474",),
        sweep_seconds: float = SWEEP_SECONDS,
    ) -> None:
        """Let so much time pass with so many sends a second; each prefix is that of numbers of a country."""
        end = self.clock() + timedelta(seconds=seconds)
        self._arrives_at = self.clock()
        while self.clock() < end:
            sweep_at = self.clock() + timedelta(seconds=sweep_seconds)
            self._arrive(sends_per_second, prefixes)
            self._sweep()
            self._work(sweep_at)
            self.clock.now = max(self.clock(), sweep_at)

    def number(self, prefix: str) -> str:
        """A number that no code was asked for yet."""
        length = 12 if prefix.startswith("+1") else 13
        return f"{prefix}{next(self._numbers):0{length - len(prefix)}}"

    def _arrive(self, sends_per_second: float, prefixes: Sequence[str]) -> None:
        arrivals: list[tuple[datetime, str]] = []
        while sends_per_second and self._arrives_at <= self.clock():
            arrivals.append((self._arrives_at, self.number(prefixes[len(arrivals) % len(prefixes)])))
            self._arrives_at += timedelta(seconds=self._random.expovariate(sends_per_second))
        issue_together(self.service, arrivals)

    def _sweep(self) -> None:
        if self.clock() >= self._expires_at:
            self.service.expirer.expire(self.clock())
            self._expires_at = self.clock() + timedelta(seconds=2)
        self.service.sweep()
        due = [delivery_id for at, delivery_id in self._retries if at <= self.clock()]
        self._retries = [each for each in self._retries if each[0] > self.clock()]
        self.service.queue += due

    def _work(self, until: datetime) -> None:
        queue = self.service.queue
        while queue and self.clock() < until:
            self.clock.move(QUEUE_SECONDS)
            delivery_id = queue.pop(0)
            self.service.backlog = len(queue)
            result = self.service.deliverer.deliver(delivery_id)
            if isinstance(result, RetryAt):
                self._retries.append((result.at, delivery_id))
