"""What a chaos run is to be like."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from otp_worker.devtools.chaos.abilities import unable
from otp_worker.devtools.chaos.families import DEFAULT_FAMILIES, LINK, Family, cards_of, needs
from otp_worker.devtools.chaos.flood import LIMIT
from otp_worker.devtools.chaos.insides import SKEW_SECONDS
from otp_worker.devtools.chaos.plan import Fault, plan_faults
from otp_worker.devtools.chaos.records import Terms
from otp_worker.devtools.processes.stack import WIDE_LIMITS, BrokerName

SHORTEST_DEADLINE_SECONDS = 40
RUN_OF_DEADLINE = 4


class DatabaseKind(StrEnum):
    """Where the service keeps its truth."""

    SQLITE = "sqlite"
    POSTGRES = "postgres"


class BrokerKind(StrEnum):
    """What carries its queue."""

    REDIS = "redis"
    RABBITMQ = "rabbitmq"


class Topology(StrEnum):
    """On how many servers the broker and the database are; it decides on their kind where it is not one."""

    ONE = "one"
    SENTINEL = "sentinel"
    RABBIT_CLUSTER = "rabbit-cluster"
    REPLICA = "replica"


def as_it_is(command: str) -> str:
    """A process's command, unchanged."""
    return command


@dataclass(frozen=True)
class Scenario:
    """Everything that a run depends on besides chance of timing; durations in seconds.

    ``command`` may wrap a process's command: the tests show with it that a broken service is found out.
    """

    seed: int
    seconds: float = 180.0
    requests: int = 2000
    kills: int = 20
    database: DatabaseKind = DatabaseKind.SQLITE
    broker: BrokerKind = BrokerKind.REDIS
    dedupe: bool = False
    deadline_seconds: int = 120
    gateway_timeout_seconds: int = 1
    worker_threads: int = 16
    command: Callable[[str], str] = as_it_is
    faults: list[Fault] | None = None
    families: tuple[Family, ...] = DEFAULT_FAMILIES
    topology: Topology = Topology.ONE
    plan: list[Fault] = field(init=False)
    skipped: dict[Family, str] = field(init=False)

    def __post_init__(self) -> None:
        reasons = {family: needs(family, self.parts) or unable(family) for family in self.families}
        self._set("skipped", {family: reason for family, reason in reasons.items() if reason})
        self._set("families", tuple(family for family in self.families if family not in self.skipped))
        if Family.LONG_OUTAGE in self.families:
            # Shortened so that an outage beyond it fits into the run, and what follows is still seen.
            fitting = max(SHORTEST_DEADLINE_SECONDS, round(self.seconds / RUN_OF_DEADLINE))
            self._set("deadline_seconds", min(self.deadline_seconds, fitting))
        cards = cards_of(self.families, self.parts)
        drawn = plan_faults(
            self.seed, self.seconds, self.kills, cards, deadline_seconds=self.deadline_seconds
        )
        self._set("plan", drawn if self.faults is None else self.faults)

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    @property
    def parts(self) -> tuple[str, ...]:
        """What the service is built on, which decides what can befall it."""
        if self.topology is Topology.ONE:
            return self.database.value, self.broker.value, LINK
        if self.topology is Topology.REPLICA:
            return "replica", self.broker.value, LINK
        return self.database.value, self.broker_name

    @property
    def broker_name(self) -> BrokerName:
        """The broker as a stack knows it."""
        several: dict[Topology, BrokerName] = {
            Topology.SENTINEL: "sentinels",
            Topology.RABBIT_CLUSTER: "rabbit-cluster",
        }
        return several.get(self.topology, self.broker.value)

    @property
    def floods(self) -> bool:
        """Whether numbers are flooded, so that one limit must be narrow."""
        return bool({Family.FLOOD, Family.ISOLATION} & set(self.families))

    @property
    def terms(self) -> Terms:
        """What the service is held to in the account."""
        return Terms(
            deadline_seconds=self.deadline_seconds,
            lease_seconds=self.lease_seconds,
            clocks_differ_by=2 * SKEW_SECONDS if Family.CLOCKS in self.families else None,
            flood_limit=LIMIT if self.floods else 0,
        )

    @property
    def settings(self) -> dict[str, str]:
        """The environment of the service's processes, as far as the run decides it."""
        return {
            # One client asks for thousands of codes here: one limit is left on, and wide, to see that
            # counting loses no request either; while Redis is away the database counts every one of them.
            **dict.fromkeys(WIDE_LIMITS, ""),
            "OTP_LIMIT_KEY": WIDE_LIMITS["OTP_LIMIT_KEY"],
            "OTP_LIMIT_NUMBER": f"{LIMIT}/10m" if self.floods else "",
            "OTP_BCRYPT_ROUNDS": "4",
            "OTP_GATEWAY_TIMEOUT_SECONDS": str(self.gateway_timeout_seconds),
            "OTP_GATEWAY_UNCERTAIN": "repeat" if self.dedupe else "resend_once",
            "OTP_SEND_DEADLINE_SECONDS": str(self.deadline_seconds),
            "OTP_RESEND_AFTER_SECONDS": "1",
            "OTP_WORKER_THREADS": str(self.worker_threads),
        }

    @property
    def lease_seconds(self) -> float:
        """How long a claim holds, as the settings work it out."""
        return self.gateway_timeout_seconds + 15
