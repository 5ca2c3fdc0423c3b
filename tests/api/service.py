"""The service around the HTTP intake: the four steps of the contract tests, and the intake's parts."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from sqlalchemy import func, select, update

from otp_worker.domain.app import KeyScope
from otp_worker.domain.gateway import Gateway
from otp_worker.domain.hook import Hook
from otp_worker.domain.limits import Limit, Rate
from otp_worker.domain.policy import Policy
from otp_worker.domain.ports import Outbox
from otp_worker.domain.reply import REPLY_LANGUAGES
from otp_worker.domain.sim import Sim, Sims
from otp_worker.domain.tracing import NO_TRACING, Tracer
from otp_worker.gateways.kannel import Kannel
from otp_worker.gateways.mobile_api_connect import MobileApiConnect
from otp_worker.operations.health import Health
from otp_worker.operations.request_times import RequestTimes
from otp_worker.operations.totals import Totals
from otp_worker.operations.wait_estimate import WaitEstimates
from otp_worker.operations.write_probe import WriteProbe
from otp_worker.protection.api_keys import ApiKeys
from otp_worker.service.assembly import Intake, IssueStep, assemble_intake
from otp_worker.store.database import Database
from otp_worker.store.schema import api_keys, metadata
from tests.contract import service

GATEWAY = service.ObedientGateway.name
MODEM = "modem"
"""Another gateway, which signs nothing."""
PACE = 20
OUR_URL = "https://otp.example.com"
"""Where people reach us."""
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
        self.older_may_run = False
        self.tracer: Tracer = NO_TRACING
        self.hooks: dict[str, Hook] = {}

    def intake(self) -> Intake:
        """What the wiring would build, its outlook on a SIM with a pace."""
        paced = Sims((Sim(GATEWAY, GATEWAY, pace_per_minute=PACE),))
        gateways: dict[str, Gateway] = {
            GATEWAY: MobileApiConnect(GATEWAY, "http://gateway.invalid", "sk_live_unused", WEBHOOK_SECRET),
            MODEM: Kannel(MODEM, "http://modem.invalid", "user", "password"),
        }
        base = replace(
            self.foundation(Outbox(("webhook",), self.notify)),
            sims=Sims(OUR_SIMS.all, gateways),
            tracer=self.tracer,
        )
        intake = assemble_intake(
            base,
            limits=self.limits,
            limiter=self.limiter,
            outlook=WaitEstimates(self.db, self.breaker, paced),
            confirmations=None,
            reply_languages=REPLY_LANGUAGES,
            report_lock_seconds=REPORT_LOCK_SECONDS,
            retention_days=30,
            private_endpoints=False,
            older_may_run=lambda: self.older_may_run,
            may_accept_messages=lambda: not self.older_may_run,
            issue_step=IssueStep(self.issuer, self.resender, replace(self.inviter, sims=self.inbound_sims)),
            sealer=self.sealer,
            hooks=self.hooks,
        )
        health = Health(
            self.db,
            base.queue.check,
            self.breaker,
            self.sims,
            WriteProbe(self.db),
            lambda: self.older_may_run,
        )
        # Stored when somebody asks for them, so that tests can count what a request asks of the database.
        totals = Totals(self.db, RequestTimes(self.db, store_seconds=float("inf")))
        return replace(intake, verifier=self.verifier, health=health, totals=totals)

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

    def db_bytes(self) -> bytes:
        """All that the database has written, its log included."""
        path = Path(str(self.db.engine.url.database))
        return b"".join(each.read_bytes() for each in path.parent.glob(f"{path.name}*"))

    def count(self, table: str) -> int:
        """How many rows a table holds."""
        with self.db.read() as connection:
            return connection.execute(select(func.count()).select_from(metadata.tables[table])).scalar_one()
