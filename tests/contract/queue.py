"""The queue of a service of the tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from otp_worker.domain.errors import BrokerUnavailableError
from otp_worker.service.publisher import DeliveryQueue

if TYPE_CHECKING:
    from tests.contract.service import Service


class Queue(DeliveryQueue):
    """The queue of a service's deliveries, and a broker that is away when the test says so."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._stuck: frozenset[str] = frozenset()

    def publish_deliveries(self, delivery_ids: Sequence[str]) -> bool:
        return self._service.publish(delivery_ids)

    def announce_waiting(self, delivery_ids: Sequence[str]) -> bool:
        return self._service.announce_waiting(delivery_ids)

    def announce_over(self, notes: Mapping[str, str]) -> bool:
        return self._service.announce_over(notes)

    def backlog(self) -> int:
        return self._service.backlog

    def check(self) -> int:
        if self._service.broker_is_away:
            raise BrokerUnavailableError("the broker does not answer (ConnectionError)")
        return len(self._service.queue)
