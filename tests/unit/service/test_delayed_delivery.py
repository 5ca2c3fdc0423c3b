"""What delays messages in RabbitMQ is declared once, over the worker's own connection."""

from types import SimpleNamespace
from typing import Any

import pytest
import structlog.testing
from celery.worker.consumer import Consumer

from otp_worker.service import delayed_delivery as module
from otp_worker.service.consumer import ResilientConsumer
from otp_worker.service.delayed_delivery import DelayedDeliveryOnce


@pytest.fixture
def consumer() -> Any:
    conf = SimpleNamespace(broker_native_delayed_delivery_queue_type="quorum")
    app = SimpleNamespace(conf=conf, amqp=SimpleNamespace(queues={}))
    return SimpleNamespace(app=app, connection="the connection", connection_errors=(ConnectionResetError,))


def declaring(monkeypatch: pytest.MonkeyPatch, error: Exception | None) -> list[object]:
    """What the connections are that it is declared over."""
    seen: list[object] = []

    def declare(connection: object, _: str) -> None:
        seen.append(connection)
        if error is not None:
            raise error

    monkeypatch.setattr(module, "declare_native_delayed_delivery_exchanges_and_queues", declare)
    return seen


def start(consumer: Any) -> None:
    step: DelayedDeliveryOnce = object.__new__(DelayedDeliveryOnce)
    step.start(consumer)


def test_no_node_is_connected_to_for_it(monkeypatch: pytest.MonkeyPatch, consumer: Any) -> None:
    seen = declaring(monkeypatch, None)
    start(consumer)
    assert seen == ["the connection"]


def test_a_connection_that_is_lost_meanwhile_is_made_anew(
    monkeypatch: pytest.MonkeyPatch, consumer: Any
) -> None:
    declaring(monkeypatch, ConnectionResetError())
    with pytest.raises(ConnectionResetError):
        start(consumer)


def test_a_refusal_ends_no_worker(monkeypatch: pytest.MonkeyPatch, consumer: Any) -> None:
    declaring(monkeypatch, ValueError("PRECONDITION_FAILED"))
    with structlog.testing.capture_logs() as logs:
        start(consumer)
    assert [each["event"] for each in logs] == ["delayed_delivery_not_declared"]


def test_it_takes_the_place_of_celerys_own_step() -> None:
    theirs, ours = Consumer.Blueprint.default_steps, ResilientConsumer.Blueprint.default_steps
    replaced = {before: after for before, after in zip(theirs, ours, strict=True) if before != after}
    assert replaced == {
        "celery.worker.consumer.delayed_delivery:DelayedDelivery": (
            "otp_worker.service.delayed_delivery:DelayedDeliveryOnce"
        )
    }
