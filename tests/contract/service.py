"""The four steps over one database, a clock that only the test moves, and a gateway that obeys the test."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count

from redis import Redis

from otp_worker.deliver.result import Result
from otp_worker.domain.app import App
from otp_worker.domain.gateway import Capabilities, Gateway, Message, Outcome, OutcomeKind
from otp_worker.domain.keyring import Keyring
from otp_worker.domain.limits import Limit, Limits, Rate
from otp_worker.domain.policy import Policy
from otp_worker.domain.ports import Outbox
from otp_worker.domain.pumping import GuardMode
from otp_worker.domain.sealing import Unsealer
from otp_worker.domain.sim import SANDBOX, Sim, Sims
from otp_worker.domain.verification import DeliveryStatus, Verification
from otp_worker.issue.drafts import Drafts
from otp_worker.issue.issuer import Issuer
from otp_worker.issue.recipients import Recipients
from otp_worker.issue.request import Hold, SendRequest
from otp_worker.issue.sealer import Sealer
from otp_worker.operations.notifier import Notifier
from otp_worker.protection.circuit_breaker import Breaker, is_open
from otp_worker.protection.pauses import Pauses
from otp_worker.protection.pumping_guard import PumpingGuard
from otp_worker.protection.rate_limiter import RedisLimiter
from otp_worker.protection.recovery import RecoveryWatch
from otp_worker.service.assembly import build_issue_step, build_verifier
from otp_worker.service.foundation import Foundation
from otp_worker.service.worker_assembly import WorkerParts, assemble_worker
from otp_worker.store import seal_keys, verifications
from otp_worker.store.circuit_breakers import GatewayState, note_failure
from otp_worker.store.database import Database
from otp_worker.store.templates import TemplateReader
from otp_worker.verify import CheckResult
from tests.contract.queue import Queue

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
NUMBER = "+447400123456"
ROOT_SECRET = "a root secret of the tests, long enough"
CODE_SECRET = "a code secret of the tests"
SHOP = App("shop")
ACCEPTED = Outcome(OutcomeKind.ACCEPTED, "accepted by the gateway", "msg_1")
OFFLINE = Outcome(OutcomeKind.UNAVAILABLE, "no paired phone is online")
LOST = Outcome(OutcomeKind.UNCERTAIN, "the gateway gave no answer")
REFUSED = Outcome(OutcomeKind.REFUSED, "the gateway refuses this message (validation_error)")
NO_CHANNELS = Outbox((), lambda _: True)
MISCONFIGURED = Outcome(OutcomeKind.MISCONFIGURED, "the gateway account is not active (tenant_inactive)")
_USERS = count(1)
"""Each send of a test is for another user, whichever service and process makes it."""


@dataclass
class Clock:
    """An instant that stands still until it is moved."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def monotonic(self) -> float:
        """The seconds since it stood still first, for what measures a span of time."""
        return (self.now - START).total_seconds()

    def move(self, seconds: float) -> None:
        """Let that many seconds pass."""
        self.now += timedelta(seconds=seconds)


@dataclass
class ObedientGateway(Gateway):
    """Answers with the outcomes it is given, in order, the last one for ever; remembers each message."""

    outcomes: list[Outcome] = field(default_factory=lambda: [ACCEPTED])
    messages: list[Message] = field(default_factory=list)
    name: str = "obedient"
    capabilities: Capabilities = field(default_factory=Capabilities)

    def send(self, message: Message) -> Outcome:
        self.messages.append(message)
        return self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]

    def probe(self) -> Outcome:
        return self.outcomes[0]

    @property
    def codes(self) -> list[str]:
        """The code in each message that has one."""
        found = (re.findall(r"\d{4,10}", message.text) for message in self.messages)
        return [each[0] for each in found if each]


class Service:
    """What the wiring would build, in one process."""

    def __init__(
        self,
        db: Database,
        policy: Policy | None = None,
        limits: Mapping[Limit, tuple[Rate, ...]] | None = None,
        redis: Redis | None = None,
        sims: Sims | None = None,
        roots: Sequence[str] = (ROOT_SECRET,),
    ) -> None:
        self.db = db
        self.clock, self.gateway = Clock(), ObedientGateway()
        self.gateways: dict[str, Gateway] = {"obedient": self.gateway}
        self.sims = sims or Sims((Sim("obedient", "obedient"),), self.gateways)
        self.policy = policy or Policy(countries=frozenset({"GB", "US"}), bcrypt_rounds=4)
        self.keyring = Keyring(list(roots), [CODE_SECRET])
        self.unsealer = Unsealer([CODE_SECRET])
        self.sealer = Sealer(db, self.unsealer.public_keys)
        self.queue, self.announced = list[str](), dict[str, str]()
        self.broker_is_away, self.backlog = False, 0
        self.breaker = Breaker(db, self.policy.lease_seconds, chance=lambda: 0.5)
        self.recovery = RecoveryWatch(self.breaker, self.sims.gateways, self.clock)
        self.limits, self.limiter = Limits(self.keyring, limits or {}), RedisLimiter(redis)
        self.pauses = Pauses(db, self.limits, GuardMode.ON)
        self.issuer, self.resender, self.inviter = build_issue_step(
            db=db,
            drafts=self._drafts(),
            sealer=self.sealer,
            limiter=self.limiter,
            publish=self.publish,
            announce=self.announce_waiting,
            pauses=self.pauses,
            inbound_sims=None,
        )
        self.verifier = build_verifier(self.foundation(), limits=self.limits, limiter=self.limiter)
        worker = self.worker()
        self.expirer = worker.expirer
        self.deliverer = replace(
            worker.deliverer, chance=lambda: 0.5, monotonic=self.clock.monotonic, pause=self.clock.move
        )

    def _drafts(self) -> Drafts:
        to, texts = Recipients(self.policy.countries, email=True), TemplateReader(self.db).find
        return Drafts(self.keyring, self.policy, self.limits, to, self.hold, texts)

    def foundation(self, outbox: Outbox = NO_CHANNELS) -> Foundation:
        """What the parts stand on here."""
        return Foundation(
            db=self.db,
            clock=self.clock,
            keyring=self.keyring,
            policy=self.policy,
            sims=self.sims,
            breaker=self.breaker,
            outbox=outbox,
            queue=Queue(self),
        )

    def worker(self) -> WorkerParts:
        """What the wiring would build of the workers, without channels."""
        return assemble_worker(
            self.foundation(),
            unsealer=self.unsealer,
            callback_url=lambda gateway, delivery_id: None,
            notifier=Notifier(self.db, {}),
            guard=PumpingGuard(self.db, GuardMode.ON, 20, 3600, NO_CHANNELS),
            confirmations={},
            canary_seconds=60,
            private_endpoints=True,
            number_retention_seconds=3600,
            retention_days=30,
        )

    def announce_seal_keys(self) -> None:
        """What a worker says at its start: from now on something can be sealed."""
        seal_keys.announce(self.db, [key.id for key in self.unsealer.public_keys], self.clock())

    def publish(self, delivery_ids: Sequence[str]) -> bool:
        """Put ids on the queue, unless the broker is away."""
        if not self.broker_is_away:
            self.queue += delivery_ids
        return not self.broker_is_away

    def announce_waiting(self, delivery_ids: Sequence[str]) -> bool:
        """Show deliveries that wait, unless the broker is away."""
        return self.announce_over(dict.fromkeys(delivery_ids, "waiting"))

    def announce_over(self, notes: Mapping[str, str]) -> bool:
        """Show what deliveries came to, unless the broker is away."""
        if not self.broker_is_away:
            self.announced |= notes
        return not self.broker_is_away

    def hold(self, route: str) -> Hold | None:
        """Why deliveries by a route wait in the database from the start."""
        states = [] if route == SANDBOX else [self.breaker.state(name) for name in self.sims.gateways]
        away = bool(states) and all(map(is_open, states))
        return Hold(DeliveryStatus.WAITING, states[0].reason) if away else None

    def issue(self, to: str = NUMBER, app: App = SHOP, *, again: bool = False) -> Verification:
        """Ask for a code: each time for another user, unless it is for one and the same ``again``."""
        user = None if again else f"user {os.getpid()}-{next(_USERS)}"
        return self.issuer.issue(SendRequest(to, user), app, self.clock()).verification

    def issuer_with(self, keyring: Keyring, limits: Limits | None = None) -> Issuer:
        """The issuer, over another keyring."""
        drafts = self.issuer.drafts
        return replace(self.issuer, drafts=replace(drafts, keyring=keyring, limits=limits or drafts.limits))

    def sweep(self) -> None:
        """What beat has upkeep do twice a second."""
        self.expirer.enqueue_due(self.clock())
        if self.recovery.ask():
            self.expirer.enqueue_due(self.clock())

    def resend(self, verification: Verification, app: App = SHOP) -> Verification:
        """Ask for the same code once more."""
        return self.resender.resend(verification.id, app, self.clock()).verification

    def deliver(self, verification: Verification, number: int = 1) -> Result:
        """Make one attempt at one of its deliveries."""
        return self.deliverer.deliver(f"{verification.id}.{number}")

    def work(self) -> None:
        """What beat, upkeep and the workers would do now: sweep, and attempt what is on the queue.

        No retry is held for later: those come back by the sweep, as they do when a worker dies.
        """
        self.expirer.expire(self.clock())
        self.expirer.enqueue_due(self.clock())
        queued, self.queue[:] = list(self.queue), []
        for delivery_id in queued:
            self.deliverer.deliver(delivery_id)

    def sent(self, to: str = NUMBER, app: App = SHOP) -> tuple[Verification, str]:
        """A verification whose SMS was sent, and its code."""
        verification = self.issue(to, app)
        self.deliver(verification)
        return verification, self.gateway.codes[-1]

    def check(self, verification: Verification, code: str, app: App = SHOP) -> CheckResult:
        """Judge a code."""
        return self.verifier.check(verification.id, code, app.name)

    def read(self, verification: Verification) -> Verification:
        """The verification as the database has it now."""
        found = verifications.find(self.db, verification.id)
        assert found is not None
        return found


def wrong(code: str) -> str:
    """A code of the same length that is not this one."""
    return f"{(int(code) + 1) % 10 ** len(code):0{len(code)}d}"


def fail_gateway(db: Database, name: str, now: datetime, reason: str) -> None:
    """Count one unavailable outcome of a gateway, as a delivery would."""
    note_failure(db, GatewayState(name), probed=False, now=now, probe_at=now, reason=reason)
