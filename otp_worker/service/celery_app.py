"""The Celery application: what is queued where, and how patient a process is with its broker."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from amqp.exceptions import ResourceError
from celery import Celery
from celery.app.amqp import AMQP
from celery.schedules import schedule
from kombu import Connection, Exchange, Queue

from otp_worker.service.amqp_url import expand_amqp
from otp_worker.service.sentinels import Sentinels, is_sentinels
from otp_worker.service.task_events import TaskEvents
from otp_worker.service.tls_options import TlsOptions, split_tls_options

DELIVER = "otp.deliver"
RELEASE = "otp.release"
EXPIRE = "otp.expire"
PURGE = "otp.purge"
NOTIFY = "otp.notify"
GUARD = "otp.guard"
POLL = "otp.poll"
LOOK = "otp.look"
CANARY = "otp.canary"
CONFIRM = "otp.confirm"

DELIVER_QUEUE = "otp.deliver"
UPKEEP_QUEUE = "otp.upkeep"
NOTICES_QUEUE = "otp.notices"
QUEUES = (DELIVER_QUEUE, UPKEEP_QUEUE, NOTICES_QUEUE)
QUEUE_OF = {DELIVER: DELIVER_QUEUE, NOTIFY: NOTICES_QUEUE, CONFIRM: NOTICES_QUEUE}
"""The queue of each task that is not upkeep's."""

# Above the longest wait of a retry plus the longest attempt, or Redis hands held messages out twice.
VISIBILITY_SECONDS = 900
SOCKET_SECONDS = 5.0
RECONNECT_SECONDS = 1.0
HEARTBEAT_SECONDS = 2
ANSWER_SECONDS = 2.0
SHORTEST_DELAY_SECONDS = 1.5
HEALTH_CHECK_SECONDS = 2
EVERY_SECONDS = {EXPIRE: 2.0, RELEASE: 0.5, PURGE: 60.0, GUARD: 15.0, POLL: 5.0, LOOK: 30.0}
"""How often beat asks for each sweep."""
SWEEP_EXPIRES_SECONDS = 86_400
"""A message of beat expires by the clock of whoever takes it: that one may be apart from beat's by a day."""
SOFT_SHUTDOWN_SECONDS = 20.0

_EVERYWHERE: dict[str, object] = {
    "accept_content": ["json"],
    "task_serializer": "json",
    "task_ignore_result": True,
    "task_store_errors_even_if_ignored": False,
    "task_default_queue": UPKEEP_QUEUE,
    "task_default_exchange": "otp",
    "task_routes": {task: {"queue": queue} for task, queue in QUEUE_OF.items()},
    "task_acks_late": True,
    "task_reject_on_worker_lost": True,
    "worker_prefetch_multiplier": 1,
    "worker_send_task_events": True,
    "worker_consumer": "otp_worker.service.consumer:ResilientConsumer",
    "worker_hijack_root_logger": False,
    "worker_redirect_stdouts": False,
    "worker_soft_shutdown_timeout": SOFT_SHUTDOWN_SECONDS,
    "worker_cancel_long_running_tasks_on_connection_loss": False,
    "broker_connection_retry_on_startup": True,
    "broker_connection_max_retries": None,
    # An error reply, such as of a replica that takes no writes, ends no worker: see consumer.py.
    "broker_channel_error_retry": True,
    "broker_heartbeat": HEARTBEAT_SECONDS,
    "beat_scheduler": "otp_worker.service.scheduler:TerseScheduler",
}
"""Celery's settings that no broker and no process changes."""


class SteadyClock:
    """The time as it was when this was made, and what has passed since by a clock that nobody sets.

    Beat reckons with it: a wall clock that is set back an hour would stop every sweep for an hour.
    """

    def __init__(self) -> None:
        self._began_at = datetime.now(UTC)
        self._began = time.monotonic()

    def __call__(self) -> datetime:
        return self._began_at + timedelta(seconds=time.monotonic() - self._began)


class _ReturningConnection(Connection):
    """Asks once a second whether a broker that went away is back; kombu waits up to thirty."""

    def ensure_connection(self, *args: Any, **kwargs: Any) -> Connection:
        pauses = {"interval_start": RECONNECT_SECONDS, "interval_step": 0, "interval_max": RECONNECT_SECONDS}
        return super().ensure_connection(*args, **{**pauses, **kwargs})

    def get_transport_cls(self) -> Any:
        """The transport's class: for Redis our own, which is cheaper."""
        kind = super().get_transport_cls()
        if kind.driver_type != "redis":
            return kind
        # Not for RabbitMQ: nothing of Redis is imported where there is none.
        from otp_worker.service.redis_transport import OneClientSentinelTransport, OneClientTransport

        return OneClientSentinelTransport if self.transport_cls == "sentinel" else OneClientTransport

    def _connection_factory(self) -> Any:
        """A connected transport. A refusal, such as of the password or of a busy server, may be over soon."""
        try:
            connection = super()._connection_factory()
        except (*self.connection_errors, *self.channel_errors) as error:
            if isinstance(error, self.recoverable_connection_errors):
                raise
            raise ConnectionRefusedError(str(error)) from error
        if hasattr(connection, "on_blocked"):
            connection.on_blocked = _fail_publish
        return connection


def _fail_publish(reason: str) -> None:
    """Fail what waits for a confirm of RabbitMQ, which takes no messages before its alarm is over."""
    raise ResourceError(f"RabbitMQ has an alarm and takes no messages: {reason}")


class _Amqp(AMQP):
    Connection = _ReturningConnection


class _RabbitCelery(Celery):
    """RabbitMQ delays by whole seconds, and Celery refuses to send what is due before the first is over."""

    def send_task(self, *args: Any, eta: datetime | None = None, **options: Any) -> Any:
        if eta is not None:
            eta = max(eta, self.now() + timedelta(seconds=SHORTEST_DELAY_SECONDS))
        return super().send_task(*args, eta=eta, **options)


def make_celery(
    broker_url: str, publish_wait_seconds: float | None = None, canary_seconds: int = 0
) -> Celery:
    """The Celery application for a broker, as one of BROKERS.

    With ``publish_wait_seconds`` it is made for publishing only: it gives up on a broker that does not
    answer within that time instead of waiting for it. With ``canary_seconds`` beat sends canaries so often.
    """
    rabbitmq = broker_url.startswith("amqp")
    kind = _RabbitCelery if rabbitmq else Celery
    url, tls = split_tls_options(broker_url)
    options = _transport_options(publish_wait_seconds, rabbitmq=rabbitmq)
    if rabbitmq:
        url = expand_amqp(url)
        options |= _failover_options(url.count(";")) if publish_wait_seconds else {}
    if is_sentinels(url):
        sentinels = Sentinels.parse(url)
        url = sentinels.kombu_url
        options |= _sentinel_options(sentinels, publish_wait_seconds or SOCKET_SECONDS, tls)
    app = kind("otp_worker", broker=url, amqp=_Amqp, events=TaskEvents, set_as_current=False)
    app.conf.update(
        **_EVERYWHERE,
        task_queues=[_queue(name, rabbitmq=rabbitmq) for name in QUEUES],
        broker_connection_timeout=publish_wait_seconds or SOCKET_SECONDS,
        broker_use_ssl=tls and (tls.for_amqp if rabbitmq else tls.for_redis),
        broker_transport_options=options,
    )
    app.conf.beat_schedule = _schedule(app, canary_seconds)
    return app


def _schedule(app: Celery, canary_seconds: int) -> dict[str, dict[str, object]]:
    every = EVERY_SECONDS | ({CANARY: float(canary_seconds)} if canary_seconds else {})
    clock = SteadyClock()
    return {
        task: {
            "task": task,
            "schedule": schedule(seconds, nowfun=clock, app=app),
            "options": {"expires": SWEEP_EXPIRES_SECONDS},
        }
        for task, seconds in every.items()
    }


def _queue(name: str, *, rabbitmq: bool) -> Queue:
    if not rabbitmq:
        return Queue(name, Exchange("otp", type="direct"), routing_key=name)
    # Quorum queues survive the loss of a node; with a topic exchange RabbitMQ itself holds what is
    # retried later, where with a direct one the workers would.
    exchange = Exchange("otp.topic", type="topic")
    return Queue(name, exchange, routing_key=name, queue_arguments={"x-queue-type": "quorum"})


def _transport_options(publish_wait_seconds: float | None, *, rabbitmq: bool) -> dict[str, object]:
    options: dict[str, object]
    if rabbitmq:
        seconds = publish_wait_seconds or ANSWER_SECONDS
        # Without confirms a publish to a broker that just died is lost in silence.
        options = {"confirm_publish": True, "read_timeout": seconds, "write_timeout": seconds}
    else:
        seconds = publish_wait_seconds or SOCKET_SECONDS
        options = {
            "visibility_timeout": VISIBILITY_SECONDS,
            "socket_timeout": seconds,
            "socket_connect_timeout": seconds,
            "socket_keepalive": True,
            # The socket that waits for work has no time-out: this is how soon a half-open one is noticed.
            "health_check_interval": HEALTH_CHECK_SECONDS,
            "unacked_restore_interval": 5,
            "unacked_restore_throttle": 1,
        }
    return options | {"max_retries": 0, "interval_start": 0} if publish_wait_seconds else options


def _failover_options(others: int) -> dict[str, object]:
    """One try for each node, none longer than a publish may wait: kombu would try the first one for ever."""
    return {"max_retries": others, "connect_retries_timeout": 0} if others else {}


def _sentinel_options(sentinels: Sentinels, seconds: float, tls: TlsOptions | None) -> dict[str, object]:
    # Not for RabbitMQ: nothing of Redis is imported where there is none.
    from otp_worker.service.redis_client import sentinel_client

    return {
        "master_name": sentinels.master_name,
        "sentinel_kwargs": sentinel_client(sentinels, seconds, tls),
    }
