"""What every scenario is given: the size of the run, numbers to send to, a gateway, and the services."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from otp_worker.devtools.bench.gateway import Sink
from otp_worker.devtools.bench.generator import ask
from otp_worker.devtools.bench.load import Item, Loaded, Order
from otp_worker.devtools.bench.service import Service, Services

Size = TypeVar("Size")
Figure = TypeVar("Figure")

SENDS = "/v1/verifications"
SEND_SECONDS = 600.0
CONNECTIONS = 16
CROWDS = (8, 16, 64, 256)
"""Connections at once, where the figure depends on how many there are."""
_SPREAD = 618_033
"""Coprime with a million: each number comes once, and neighbours lie in different blocks."""


@dataclass
class Bench:
    """One run of the bench."""

    rounds: int
    quick: bool
    sink: Sink
    services: Services
    peer: str | None = None
    """Where another server takes sends, to be measured beside."""
    _numbers: int = field(default=0, init=False)

    @property
    def warm_ups(self) -> int:
        """How many rounds are made first that do not count."""
        return self.pick(1, 0)

    def pick(self, full: Size, quick: Size) -> Size:
        """The size for this run; a quick one only shows that everything works."""
        return quick if self.quick else full

    def sends(self, count: int) -> list[Item]:
        """So many requests for a code, to numbers that nobody here was sent one before."""
        first = self._numbers
        self._numbers += count
        return [
            (SENDS, {"to": f"+447400{number * _SPREAD % 1_000_000:06d}"})
            for number in range(first, first + count)
        ]

    def accept(self, service: Service, items: list[Item], *, keep_answers: bool = False) -> Loaded:
        """Have codes asked for as fast as they are accepted, each once. Raises LoadFailedError."""
        return ask(
            Order(
                service.port,
                items,
                CONNECTIONS,
                SEND_SECONDS,
                most=len(items),
                headers=service.headers,
                keep_answers=keep_answers,
            )
        )

    def alternate(
        self, subject: Callable[[], Figure], baseline: Callable[[], Figure]
    ) -> tuple[list[Figure], list[Figure]]:
        """Both, round by round, each first in every second round; warm-up rounds do not count."""
        pairs: list[tuple[Figure, Figure]] = []
        for number in range(self.warm_ups + self.rounds):
            if number % 2:
                measured = subject()
                pairs.append((measured, baseline()))
            else:
                beneath = baseline()
                pairs.append((subject(), beneath))
        return [pair[0] for pair in pairs[self.warm_ups :]], [pair[1] for pair in pairs[self.warm_ups :]]
