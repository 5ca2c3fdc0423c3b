"""One chaos run, from the start of the service to the account."""

import random
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

from otp_worker.devtools.chaos.accounting import Account, account
from otp_worker.devtools.chaos.breaches import Breach, Finding
from otp_worker.devtools.chaos.client import Client
from otp_worker.devtools.chaos.flood import Floods
from otp_worker.devtools.chaos.history import History
from otp_worker.devtools.chaos.hook import REPLIES
from otp_worker.devtools.chaos.injection import injectors
from otp_worker.devtools.chaos.load import Load, plan_errands
from otp_worker.devtools.chaos.nemesis import Nemesis
from otp_worker.devtools.chaos.observer import Observer
from otp_worker.devtools.chaos.plan import WORKERS, Fault, Kind
from otp_worker.devtools.chaos.records import Records, Span, read_database, read_journal
from otp_worker.devtools.chaos.recovery import is_outage, recoveries
from otp_worker.devtools.chaos.scenario import Scenario
from otp_worker.devtools.chaos.service import Service, running_service
from otp_worker.devtools.chaos.supervisor import Death, Supervisor
from otp_worker.devtools.chaos.timely import calm_delays, flood_delays
from otp_worker.devtools.chaos.usability import wrong_checks, wrong_hashes
from otp_worker.devtools.processes.stack import READY_SECONDS, SECRET_KEY, answers
from otp_worker.domain.keyring import Keyring
from otp_worker.domain.verification import OPEN
from otp_worker.store.database import Database
from otp_worker.store.schema import deliveries

TICK_SECONDS = 0.05
LOAD_OVERTIME_SECONDS = 60
MARGIN_SECONDS = 15


@dataclass(frozen=True, slots=True)
class Result:
    """What a run came to; durations in seconds, latencies those of the 202s.

    ``returns`` is as ``recoveries``, for the phone; ``delays`` are from a 202 to the phone while nothing was
    wrong; ``flooded`` are the latencies of honest requests during floods; ``replies`` how many people wrote,
    and of how many the webhook was told.
    """

    account: Account
    servers: str
    died: list[Death]
    kills: int
    spans: list[Span]
    recoveries: list[float]
    returns: list[float]
    delays: list[float]
    flooded: list[float]
    replies: tuple[int, int]
    latencies: list[float]
    settled_seconds: float

    @property
    def findings(self) -> list[Finding]:
        """Every breach."""
        deaths = [Finding(Breach.DIED, each.name, each.how) for each in self.died]
        return [*self.account.findings, *deaths]


def run(scenario: Scenario, folder: Path, say: Callable[[Fault], None]) -> Result:
    """Make a run whose history, journal and logs go to ``folder``.

    Raises ProcessError where the service does not come up.
    """
    with running_service(scenario, folder) as service, closing(History(folder / "history.jsonl")) as history:
        return _Run(scenario, service, history, say).make()


@dataclass
class _Run:
    scenario: Scenario
    service: Service
    history: History
    say: Callable[[Fault], None]
    chance: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.chance = random.Random(f"{self.scenario.seed} run")  # nosec B311 # noqa: S311 - repeatable, not secret
        stack = self.service.stack
        self.supervisor = Supervisor(stack, self.chance)
        self.client = Client(stack.url, stack.api_key, self.history)
        self.floods = Floods(self.client)
        arms = injectors(self.service, self.supervisor, self.floods)
        self.nemesis = Nemesis(arms, self.supervisor, self.history, self.say)
        self.observer = Observer(self.service.database_url, f"{stack.url}/readyz")

    def make(self) -> Result:
        with closing(self.client), closing(Database(self.service.database_url)) as db:
            servers = f"{self.service.stack.broker.version}, {_version(db)}"
            self._introduce(servers)
            with self.observer:
                self._strike()
                began = time.monotonic()
                self._settle(db)
                self._await_web()
            settled_seconds = time.monotonic() - began
            records = self._records(db)
            drawn = self._account(records)
        return Result(
            drawn,
            servers,
            self.supervisor.died,
            self.supervisor.kills,
            self.nemesis.spans,
            recoveries(self.nemesis.spans, records),
            recoveries(self.nemesis.spans, records, is_outage),
            calm_delays(records),
            flood_delays(records),
            self._replies(),
            [
                (each.accepted_at - each.asked_at).total_seconds()
                for each in records.accepted
                if each.accepted_at
            ],
            settled_seconds,
        )

    def _account(self, records: Records) -> Account:
        struck = [span.fault for span in self.nemesis.spans]
        drawn = account(
            records,
            worker_kills=sum(fault.is_kill and fault.target in WORKERS for fault in struck),
            concurrency=self.scenario.worker_threads,
            dedupe=self.scenario.dedupe,
        )
        drawn.findings.extend(wrong_hashes(records, Keyring([SECRET_KEY])))
        drawn.findings.extend(wrong_checks(records, self.client, self.chance))
        return drawn

    def _introduce(self, servers: str) -> None:
        plan = [str(fault) for fault in self.scenario.plan]
        value = {"seed": self.scenario.seed, "servers": servers, **self.scenario.settings, "plan": plan}
        self.history.write("run", "info", "begun", value)

    def _strike(self) -> None:
        """Load and faults, until both are over."""
        scenario = self.scenario
        errands = plan_errands(
            scenario.seed, scenario.requests, scenario.seconds, scenario.terms.notice_seconds
        )
        load = Load(self.client, errands)
        deadline = time.monotonic() + scenario.seconds + LOAD_OVERTIME_SECONDS
        self.nemesis.begin(scenario.plan)
        load.start()
        try:
            while not (load.done and self.nemesis.done) and time.monotonic() < deadline:
                self.nemesis.act()
                time.sleep(TICK_SECONDS)
        finally:
            load.stop()
            self.floods.end()

    def _settle(self, db: Database) -> None:
        """Wait until nothing is on its way any more, but not longer than that may take."""
        seconds = self.scenario.terms.notice_seconds + self.scenario.lease_seconds + MARGIN_SECONDS
        deadline = time.monotonic() + seconds
        while _open_deliveries(db) and time.monotonic() < deadline:
            self.nemesis.act()
            time.sleep(TICK_SECONDS)

    def _await_web(self) -> None:
        """Wait until intake answers again, so that what is entered there can be judged."""
        deadline = time.monotonic() + READY_SECONDS
        while not answers(f"{self.service.stack.url}/healthz") and time.monotonic() < deadline:
            self.nemesis.act()
            time.sleep(TICK_SECONDS)

    def _records(self, db: Database) -> Records:
        verifications, delivered = read_database(db)
        return Records(
            self.client.requests,
            verifications,
            delivered,
            read_journal(self.service.journal),
            self.client.resends,
            self.nemesis.spans,
            self.observer.seen,
            frozenset(self.floods.numbers),
            self.scenario.terms,
        )

    def _replies(self) -> tuple[int, int]:
        hook = self.service.hook
        written = sum(span.fault.kind is Kind.HOOK_HANG for span in self.nemesis.spans) * REPLIES
        return (written, hook.told) if hook else (0, 0)


def _version(db: Database) -> str:
    with db.read() as connection:
        if db.is_sqlite:
            return f"sqlite {connection.execute(text('SELECT sqlite_version()')).scalar_one()}"
        return f"postgres {connection.execute(text('SHOW server_version')).scalar_one()}"


def _open_deliveries(db: Database) -> int:
    try:
        with db.read() as connection:
            statement = select(func.count()).select_from(deliveries).where(deliveries.c.status.in_(OPEN))
            return int(connection.execute(statement).scalar_one())
    except SQLAlchemyError:
        # The database that was restarted is still coming back.
        return 1
