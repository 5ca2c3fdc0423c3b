"""The service around the HTTP intake: the four steps of the contract tests, and the intake's parts."""

from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy import func, select, update

from otp_worker.domain.app import KeyScope
from otp_worker.domain.errors import BrokerAwayError
from otp_worker.domain.gateway import Gateway
from otp_worker.domain.limits import Limit, Rate
from otp_worker.domain.policy import Policy
from otp_worker.domain.ports import Outbox
from otp_worker.domain.sim import Sim, Sims
from otp_worker.domain.sms_text import LANGUAGES
from otp_worker.gateways.kannel import Kannel
from otp_worker.gateways.mobile_api_connect import MobileApiConnect
from otp_worker.inbound.callbacks import Callbacks
from otp_worker.inbound.canary import Canaries
from otp_worker.inbound.replies import Answering
from otp_worker.inbound.senders import Senders
from otp_worker.issue.idempotency import Idempotency
from otp_worker.operations.admin import Operator
from otp_worker.operations.health import Health
from otp_worker.operations.rejections import Refusals
from otp_worker.operations.wait_estimate import Outlook
from otp_worker.operations.write_probe import WriteProbe
from otp_worker.protection.api_keys import ApiKeys
from otp_worker.service.publisher import DeliveryQueue
from otp_worker.service.wiring import Intake
from otp_worker.store.database import Database
from otp_worker.store.schema import api_keys, metadata
from tests.contract import service

GATEWAY = service.ObedientGateway.name
MODEM = "modem"
"""Another gateway, which signs nothing."""
PACE = 20
OUR_NUMBER = "+447700900000"
OUR_SIMS = Sims((Sim("first", GATEWAY, number=OUR_NUMBER), Sim("second", GATEWAY, number="+447700900001")))
REPORT_LOCK_SECONDS = 3600
WEBHOOK_SECRET = "whsec_of_the_tests"


class Service(service.Service):
    """The four steps and the parts of the intake."""

    def __init__(self, db: Database, limits: Mapping[Limit, tuple[Rate, ...]] | None = None) -> None:
        super().__init__(db, Policy(countries=frozenset({"GB"}), bcrypt_rounds=4), limits)
        self.notices: list[str] = []
        self.inbound_sims: Sims | None = None

    def intake(self) -> Intake:
        """What the wiring would build, its outlook on a SIM with a pace."""
        canaries = Canaries(
            self.db, self.keyring, OUR_SIMS, self.breaker.away, Outbox(("webhook",), self.notify)
        )
        paced = Sims((Sim(GATEWAY, GATEWAY, pace_per_minute=PACE),))
        gateways: dict[str, Gateway] = {
            GATEWAY: MobileApiConnect(GATEWAY, "http://gateway.invalid", "sk_live_unused", WEBHOOK_SECRET),
            MODEM: Kannel(MODEM, "http://modem.invalid", "user", "password"),
        }
        return Intake(
            db=self.db,
            issuer=self.issuer,
            resender=self.resender,
            inviter=replace(self.inviter, sims=self.inbound_sims),
            verifier=self.verifier,
            idempotency=Idempotency(self.db, self.keyring, self.clock),
            api_keys=ApiKeys(self.db, self.clock),
            callbacks=Callbacks(self.db, self.keyring, gateways, self.answering(), canaries, self.breaker),
            operator=Operator(self.db, self.limits, self.policy.countries),
            health=Health(self.db, _AskedQueue(self).check, self.breaker, self.sims, WriteProbe(self.db)),
            refusals=Refusals(self.db),
            outlook=Outlook(self.db, self.breaker, paced),
            clock=self.clock,
        )

    def answering(self) -> Answering:
        """What takes the replies in."""
        return Answering(
            self.db,
            self.keyring,
            LANGUAGES,
            REPORT_LOCK_SECONDS,
            Outbox(("webhook",), self.notify),
            inbound=self.inbound_sims is not None,
            senders=Senders(self.policy.countries, OUR_SIMS),
        )

    def notify(self, notice_id: str) -> bool:
        """Put a notice on the queue."""
        self.notices.append(notice_id)
        return True

    def key(
        self, name: str, *, test: bool = False, limit: str | None = None, checks_limit: str | None = None
    ) -> str:
        """A new API key."""
        return ApiKeys(self.db).create(name, self.clock(), test=test, limit=limit, checks_limit=checks_limit)

    def admin_key(self, name: str = "operator") -> str:
        """A new API key for everything."""
        return ApiKeys(self.db).create(name, self.clock(), scopes=frozenset(KeyScope))

    def revoke_every_key(self) -> None:
        """No key is valid any more."""
        with self.db.write() as connection:
            connection.execute(update(api_keys).values(revoked_at=self.clock()))

    def deliver_queued(self) -> None:
        """One attempt at all that is on the queue, and no sweep."""
        queued, self.queue[:] = list(self.queue), []
        for delivery_id in queued:
            self.deliverer.deliver(delivery_id)

    def count(self, table: str) -> int:
        """How many rows a table holds."""
        with self.db.read() as connection:
            return connection.execute(select(func.count()).select_from(metadata.tables[table])).scalar_one()


class _AskedQueue(DeliveryQueue):
    """A broker that says how much it holds, or is away."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def check(self) -> int:
        if self._service.broker_is_away:
            raise BrokerAwayError("the broker does not answer (ConnectionError)")
        return len(self._service.queue)
