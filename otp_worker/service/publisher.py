"""The queue: Celery's broker, used as a hint of what to do next. It carries ids and nothing else."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import structlog
from amqp.exceptions import NotFound, ResourceError
from celery import Celery
from celery.events.event import get_exchange
from celery.utils.nodenames import anon_nodename, host_format, nodename
from kombu.exceptions import BatchPublishError, OperationalError

from otp_worker.domain.errors import BrokerUnavailableError
from otp_worker.service.broker_answer import broker_answer
from otp_worker.service.broker_urls import REDIS
from otp_worker.service.celery_app import CONFIRM, DELIVER, DELIVER_QUEUE, NOTIFY, QUEUE_OF
from otp_worker.service.redis_envelopes import RedisEnvelopes
from otp_worker.service.task_events import sent_event, succeeded_event

log = structlog.get_logger()

REST_SECONDS = 1.0
CHECK_NAME = "otp.check"
"""No queue has this name: it is written to only to see whether the broker takes writes."""


class DeliveryQueue:
    """Puts ids on the queue and never raises: what is not published now, the sweep publishes later.

    Whatever fails: what is to be published is written already, and its caller has nobody to tell of it.

    After a publish that failed it rests a second before the next one tries, so that a broker that is
    away slows one caller a second and not every one. What it announces is shown as told by ``node``.
    """

    def __init__(self, app: Celery, node: str | None = None) -> None:
        self._app = app
        self._node = node or nodename("web", host_format("%h"))
        self._by_redis = str(app.conf.broker_url).startswith(REDIS)
        self._by_rabbitmq = str(app.conf.broker_url).startswith("amqp")
        connection = app.connection_for_write()
        self._queues = {queue.name: queue for queue in app.conf.task_queues}
        self._origin = anon_nodename()
        self._envelopes = RedisEnvelopes(app, self._origin)
        self._failing = False
        self._stuck: frozenset[str] = frozenset()
        self._rests_until = float("-inf")
        self._events_rest_until = float("-inf")
        self._broker_errors = (
            *connection.connection_errors,
            *connection.channel_errors,
            OperationalError,
            BatchPublishError,
        )

    @property
    def rests(self) -> bool:
        """Whether the last publish failed so recently that the next one is not worth its wait."""
        return time.monotonic() < self._rests_until

    def publish_deliveries(self, delivery_ids: Sequence[str]) -> bool:
        """Publish deliveries; an id is its task's id too, so that Flower finds it."""
        return self._publish(DELIVER, delivery_ids)

    def announce_waiting(self, delivery_ids: Sequence[str]) -> bool:
        """Let Flower know deliveries that wait in the database: they are found by their ids, as PENDING."""
        return self._announce([sent_event(self._app, self._node, DELIVER, each) for each in delivery_ids])

    def announce_stuck(self, delivery_ids: Sequence[str]) -> bool:
        """The same of all deliveries that lie on the queue and that no worker takes up, each once."""
        new = [each for each in delivery_ids if each not in self._stuck]
        if new and not self.announce_waiting(new):
            return False
        self._stuck = frozenset(delivery_ids)
        return True

    def announce_over(self, notes: Mapping[str, str]) -> bool:
        """Let Flower know deliveries that ended while they waited, each with what it came to, as SUCCESS."""
        return self._announce(
            [succeeded_event(self._app, self._node, DELIVER, *each) for each in notes.items()]
        )

    def publish_notice(self, notice_id: str) -> bool:
        """Publish a notice to be told."""
        return self._publish(NOTIFY, [notice_id])

    def publish_confirmation(self, reply_id: str) -> bool:
        """Publish a reply to be confirmed."""
        return self._publish(CONFIRM, [reply_id])

    def backlog(self) -> int:
        """How many deliveries the queue holds; raises BrokerUnavailableError."""
        with self._asking() as producer:
            return self._count(producer)

    def check(self) -> int:
        """Try that the broker takes writes; how many deliveries it holds. Raises BrokerUnavailableError."""
        with self._asking() as producer:
            self._try_to_write(producer)
            return self._count(producer)

    def _try_to_write(self, producer: Any) -> None:
        if self._by_rabbitmq:
            try:
                # Dropped, for there is no such queue; confirmed only while RabbitMQ takes messages at all.
                producer.publish("check", routing_key=CHECK_NAME, retry=False)
            except TimeoutError:
                raise ResourceError("RabbitMQ confirms no message; has it an alarm (memory, disk)?") from None
        elif self._by_redis:
            # What a publish does, and nothing of it stays.
            with producer.channel.client.pipeline() as pipeline:
                pipeline.lpush(CHECK_NAME, "").delete(CHECK_NAME).execute()

    def _count(self, producer: Any) -> int:
        if not self._by_rabbitmq:
            return int(self._queues[DELIVER_QUEUE](producer.channel).queue_declare().message_count)
        # Asked on a channel of its own, which a missing queue closes, and not made anew: of a quorum queue
        # that is there again within 50 ms of its deletion RabbitMQ 3.10 loses whatever is published.
        with producer.channel.connection.channel() as channel:
            try:
                return int(channel.queue_declare(DELIVER_QUEUE, passive=True).message_count)
            except NotFound:
                return 0

    @contextmanager
    def _asking(self) -> Iterator[Any]:
        try:
            with self._producer() as producer:
                yield producer
        except self._broker_errors as error:
            raise BrokerUnavailableError(f"the broker does not do its work: {broker_answer(error)}") from None

    def _publish(self, task: str, subjects: Sequence[str]) -> bool:
        """Publish in one round trip, where the broker can; whether all is published.

        What was published before a failure is published again later: that costs a look, no SMS.
        """
        return self._try(task, subjects, lambda producer: self._publish_by(producer, task, subjects))

    def _announce(self, events: Sequence[dict[str, Any]]) -> bool:
        """Publish task events, all in one message; no worker is given anything to do."""

        def publish(producer: Any) -> None:
            exchange = get_exchange(producer.connection, self._app.conf.event_exchange)
            producer.publish(
                list(events),
                routing_key="task.multi",
                exchange=exchange.name,
                declare=[exchange],
                serializer="json",
                headers={"hostname": self._node},
                delivery_mode="transient",
                retry=False,
            )

        if self.rests or time.monotonic() < self._events_rest_until:
            return False
        try:
            with self._producer() as producer:
                publish(producer)
        except Exception as error:
            # A broker may refuse events alone. That is no reason to publish no deliveries.
            subjects = [event["uuid"] for event in events]
            log.warning("publish_failed", task="events", subjects=subjects, error=broker_answer(error))
            self._events_rest_until = time.monotonic() + REST_SECONDS
            return False
        return True

    def _try(self, what: str, subjects: Sequence[str], publish: Callable[[Any], None]) -> bool:
        """Whether something could be published; it is not tried while the broker is known to be away."""
        if self.rests:
            return False
        if self._failing:
            # One caller tries whether the broker is back; the others need not wait beside it.
            self._rests_until = time.monotonic() + REST_SECONDS
        try:
            with self._producer() as producer:
                publish(producer)
        except Exception as error:
            log.warning("publish_failed", task=what, subjects=list(subjects), error=broker_answer(error))
            self._failing = True
            self._rests_until = time.monotonic() + REST_SECONDS
            return False
        self._failing = False
        self._rests_until = float("-inf")
        return True

    def _publish_by(self, producer: Any, task: str, subjects: Sequence[str]) -> None:
        # What send_task does for one task at a time, at less than half its cost.
        queue = self._queues[QUEUE_OF[task]]
        producer.maybe_declare(queue)
        if self._by_redis:
            self._envelopes.publish(producer.channel, queue, task, subjects)
            return
        # Celery too goes past a direct exchange, to the queue by its name.
        exchange = "" if queue.exchange.type == "direct" else queue.exchange.name
        with producer.batch():
            for subject in subjects:
                message = self._app.amqp.create_task_message(
                    subject,
                    task,
                    [subject],
                    {},
                    argsrepr=f"[{subject!r}]",
                    kwargsrepr="{}",
                    origin=self._origin,
                )
                producer.publish(
                    message.body,
                    exchange=exchange,
                    routing_key=queue.name,
                    serializer="json",
                    headers=message.headers,
                    **message.properties,
                )

    @contextmanager
    def _producer(self) -> Iterator[Any]:
        with self._app.producer_pool.acquire(block=True) as producer:
            try:
                yield producer
            except Exception:
                # Dropped and not closed: RabbitMQ would be waited for once more, and its late answer to
                # this publish must not be taken for one to the next.
                producer.connection.collect()
                raise
