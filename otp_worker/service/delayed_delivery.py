"""What RabbitMQ holds messages in that are due later, as a worker declares it: over the connection it has."""

from typing import Any

import structlog
from celery.worker.consumer.delayed_delivery import DelayedDelivery
from kombu.transport.native_delayed_delivery import declare_native_delayed_delivery_exchanges_and_queues

from otp_worker.service.broker_answer import broker_answer

log = structlog.get_logger()


class DelayedDeliveryOnce(DelayedDelivery):
    """Declares it once for the cluster.

    Celery connects to each node in turn, and waits six seconds for one that is away. Meanwhile its own
    connection sends no heartbeat and is closed, so that no worker would work while a node is lost.
    """

    def start(self, c: Any) -> None:
        """Declare exchanges and queues. Raises the errors of a connection that is lost, as other steps do."""
        try:
            declare_native_delayed_delivery_exchanges_and_queues(
                c.connection, c.app.conf.broker_native_delayed_delivery_queue_type
            )
            self._bind_queues(c.app, c.connection)
        except c.connection_errors:
            raise
        except Exception as error:
            # What is due later is found in the database: without it nothing is lost.
            log.warning("delayed_delivery_not_declared", error=broker_answer(error))
