"""Faults of the servers that the service relies on: the broker says no, the database turns read-only."""

from collections.abc import Mapping
from dataclasses import dataclass
from subprocess import TimeoutExpired

import psycopg
import redis

from otp_worker.devtools.chaos.plan import Fault, Kind
from otp_worker.devtools.processes.broker import EmbeddedBroker
from otp_worker.devtools.processes.postgres import EmbeddedPostgres
from otp_worker.devtools.processes.postgres_pair import PostgresPair
from otp_worker.devtools.processes.rabbitmq import NO_MEMORY, USUAL_MEMORY, EmbeddedRabbit

Order = tuple[str, ...]

ORDERS: Mapping[Kind, tuple[Order, Order]] = {
    # What a failover does to a primary; nothing listens on that port.
    Kind.REPLICA: (("REPLICAOF", "127.0.0.1", "1"), ("REPLICAOF", "NO", "ONE")),
    Kind.OUT_OF_MEMORY: (("CONFIG", "SET", "maxmemory", "1"), ("CONFIG", "SET", "maxmemory", "0")),
    Kind.NO_REPLICAS: (
        ("CONFIG", "SET", "min-replicas-to-write", "1"),
        ("CONFIG", "SET", "min-replicas-to-write", "0"),
    ),
}
"""For each error reply of Redis: the command that makes it give it, and the one that ends it."""


@dataclass
class OrderInjector:
    """Makes Redis answer with errors although it runs and is reached."""

    broker: EmbeddedBroker

    def inject(self, fault: Fault) -> bool:
        """Give the order."""
        return self._give(ORDERS[fault.kind][0])

    def heal(self, fault: Fault) -> bool:
        """Take it back."""
        return self._give(ORDERS[fault.kind][1])

    def _give(self, order: Order) -> bool:
        try:
            self.broker.order(*order)
        except redis.RedisError:
            return False
        return True


@dataclass
class AlarmInjector:
    """Raises RabbitMQ's memory alarm: who publishes is no longer read from."""

    broker: EmbeddedRabbit

    def inject(self, _: Fault) -> bool:
        """Raise it."""
        return self._set(NO_MEMORY)

    def heal(self, _: Fault) -> bool:
        """Clear it."""
        return self._set(USUAL_MEMORY)

    def _set(self, share: str) -> bool:
        try:
            return self.broker.set_memory(share)
        except TimeoutExpired:
            return False


@dataclass
class DefaultInjector:
    """Changes what a session of the Postgres database begins with, and makes all begin anew.

    With ``lingering`` the sessions that began meanwhile are left as they are when it is healed, as after
    an administrator's command.
    """

    postgres: EmbeddedPostgres
    database: str
    name: str
    value: str
    lingering: bool = False

    def inject(self, _: Fault) -> bool:
        """Set it and end all sessions."""
        try:
            self.postgres.set_default(self.database, self.name, self.value)
            self.postgres.end_sessions(self.database)
        except psycopg.Error:
            return False
        return True

    def heal(self, _: Fault) -> bool:
        """Reset it."""
        try:
            self.postgres.reset_default(self.database, self.name)
            if not self.lingering:
                self.postgres.end_sessions(self.database)
        except psycopg.Error:
            return False
        return True


@dataclass
class SwitchOverInjector:
    """Kills the primary of Postgres, and has its standby take its place."""

    pair: PostgresPair

    def inject(self, _: Fault) -> bool:
        """Switch over."""
        self.pair.switch_over()
        return True

    def heal(self, _: Fault) -> bool:
        """Make the killed one the standby."""
        self.pair.restore()
        return True


@dataclass
class RestartInjector:
    """Stops Postgres, and starts it again."""

    postgres: EmbeddedPostgres

    def inject(self, _: Fault) -> bool:
        """Stop it."""
        self.postgres.stop()
        return True

    def heal(self, _: Fault) -> bool:
        """Start it."""
        self.postgres.start()
        return True
