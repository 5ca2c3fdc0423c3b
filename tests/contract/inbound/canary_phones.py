"""Three phones that write to each other."""

from otp_worker.domain.gateway import Reply
from otp_worker.domain.policy import Policy
from otp_worker.domain.ports import Outbox
from otp_worker.domain.sim import Sim, Sims
from otp_worker.inbound.canary import Canaries
from otp_worker.store.database import Database
from tests.contract.service import ObedientGateway, Service

FIRST, SECOND, THIRD = (
    Sim(name, name, number=f"+44770090000{n}", slot=str(n)) for n, name in enumerate(["a", "b", "c"])
)


class CanaryPhones:
    """Some SIMs, each behind a gateway of its own, and the canaries between them."""

    def __init__(self, db: Database, *of: Sim) -> None:
        self.gateways = {sim.gateway: ObedientGateway(name=sim.gateway) for sim in of}
        sims = Sims(of, self.gateways)
        self.service = Service(db, Policy(countries=frozenset({"GB"}), bcrypt_rounds=4), sims=sims)
        self.canaries = Canaries(
            db, self.service.keyring, sims, self.service.breaker.away, Outbox(("webhook",), lambda _: True)
        )

    def sweep(self) -> str:
        return self.canaries.sweep(self.service.clock())

    def comes_in(self, sender: Sim, text: str | None = None, written: str | None = None) -> bool:
        """Whether what the SIM sent last, as it comes in at the other, is taken for one of ours."""
        text = text or self.gateways[sender.gateway].messages[-1].text
        reply = Reply(written or sender.number or "", text, None, self.service.clock(), "key")
        return self.canaries.arrive(reply, self.service.clock())
