"""Several phones behind one service, each a SIM of its own."""

from dataclasses import replace

from otp_worker.domain.policy import Policy
from otp_worker.domain.sim import Sim, Sims
from otp_worker.domain.verification import Verification
from otp_worker.store.database import Database
from tests.contract.service import OFFLINE, ObedientGateway, Service

HASH = b"h" * 32
COUNTRIES = frozenset({"GB", "US"})


def number(n: int) -> str:
    return f"+4474001{n:05}"


class Phones:
    """A service with some SIMs, each behind a gateway of its own unless it says otherwise."""

    def __init__(self, db: Database, *of: Sim) -> None:
        self.gateways = {sim.gateway: ObedientGateway(name=sim.gateway) for sim in of}
        policy = Policy(countries=COUNTRIES, bcrypt_rounds=4)
        self.service = Service(db, policy, sims=Sims(of, self.gateways))
        self._next = 0

    def send(self, to: str | None = None) -> Verification:
        """Ask for a code for a new number, and attempt it once."""
        self._next += 1
        verification = self.service.issue(to or number(self._next))
        self.service.deliver(verification)
        return self.service.read(verification)

    def sent(self) -> dict[str, int]:
        """How many messages each gateway was given."""
        return {name: len(gateway.messages) for name, gateway in self.gateways.items()}

    def goes_offline(self, name: str) -> None:
        """Every further message of this gateway is certainly not sent."""
        self.gateways[name].outcomes = [OFFLINE]

    def deliver_queued(self) -> None:
        """One attempt at all that is on the queue."""
        queued, self.service.queue[:] = list(self.service.queue), []
        for delivery_id in queued:
            self.service.deliverer.deliver(delivery_id)

    def work(self, seconds: int) -> None:
        """Sweep and attempt once a second for so long."""
        for _ in range(seconds):
            self.service.work()
            self.service.clock.move(1)


def sim(name: str, **fields: object) -> Sim:
    return replace(Sim(name, name), **fields)  # type: ignore[arg-type]
