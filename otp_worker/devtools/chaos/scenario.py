"""What a chaos run is to be like."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from otp_worker.devtools.chaos.plan import Fault, plan_faults
from otp_worker.devtools.processes.stack import WIDE_LIMITS


class DatabaseKind(StrEnum):
    """Where the service keeps its truth."""

    SQLITE = "sqlite"
    POSTGRES = "postgres"


class BrokerKind(StrEnum):
    """What carries its queue."""

    REDIS = "redis"
    RABBITMQ = "rabbitmq"


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
    plan: list[Fault] = field(init=False)

    def __post_init__(self) -> None:
        drawn = plan_faults(
            self.seed, self.seconds, self.kills, server_database=self.database is DatabaseKind.POSTGRES
        )
        object.__setattr__(self, "plan", drawn if self.faults is None else self.faults)

    @property
    def settings(self) -> dict[str, str]:
        """The environment of the service's processes, as far as the run decides it."""
        return {
            # One client asks for thousands of codes here: one limit is left on, and wide, to see that
            # counting loses no request either; while Redis is away the database counts every one of them.
            **dict.fromkeys(WIDE_LIMITS, ""),
            "OTP_LIMIT_KEY": WIDE_LIMITS["OTP_LIMIT_KEY"],
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
