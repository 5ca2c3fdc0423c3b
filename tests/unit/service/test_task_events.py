"""Task events reach Flower whole, whatever the threads of a worker do while they are published."""

from collections.abc import Callable
from typing import Any

import pytest

from otp_worker.service.celery_app import make_celery
from otp_worker.service.task_events import WholeDispatcher


class Broker:
    """Takes what is published, as a producer does; ``meanwhile`` runs while it does."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.away = False
        self.asked = 0
        self.meanwhile: Callable[[], object] | None = None

    def publish(self, events: list[dict[str, Any]] | dict[str, Any], **options: object) -> None:
        self.asked += 1
        if self.away:
            raise ConnectionError("away")
        self.taken += [event["uuid"] for event in ([events] if isinstance(events, dict) else events)]
        if self.meanwhile:
            meanwhile, self.meanwhile = self.meanwhile, None
            meanwhile()


@pytest.fixture
def broker() -> Broker:
    return Broker()


@pytest.fixture
def dispatcher(broker: Broker) -> WholeDispatcher:
    app = make_celery("memory://")
    made = app.events.Dispatcher(app.connection_for_write(), buffer_group=["task"])
    assert isinstance(made, WholeDispatcher)
    made.producer = broker
    return made


def test_an_event_that_a_thread_adds_while_others_are_published_is_published_next(
    broker: Broker, dispatcher: WholeDispatcher
) -> None:
    dispatcher.send("task-started", uuid="one")
    broker.meanwhile = lambda: dispatcher.send("task-succeeded", uuid="two")
    dispatcher.flush()
    dispatcher.flush()
    assert broker.taken == ["one", "two"]


def test_no_event_is_published_twice(broker: Broker, dispatcher: WholeDispatcher) -> None:
    dispatcher.send("task-started", uuid="one")
    dispatcher.flush()
    dispatcher.flush()
    assert broker.taken == ["one"]


def test_events_wait_for_a_broker_that_is_away_however_often_it_is_asked(
    broker: Broker, dispatcher: WholeDispatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    dispatcher.send("task-started", uuid="one")
    broker.away = True
    dispatcher.flush()
    dispatcher.flush()
    broker.away = False
    monkeypatch.setattr(dispatcher, "_rests_until", 0)
    dispatcher.flush()
    assert broker.taken == ["one"]


def test_a_broker_that_takes_no_event_is_not_asked_for_each_of_them(
    broker: Broker, dispatcher: WholeDispatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker.away = True
    for _ in range(20):
        dispatcher.send("worker-heartbeat", uuid="beat")
        dispatcher.send("task-started", uuid="one")
        dispatcher.flush()
    assert broker.asked == 1
    broker.away = False
    monkeypatch.setattr(dispatcher, "_rests_until", 0)
    dispatcher.flush()
    assert sorted(broker.taken) == ["beat"] * 20 + ["one"] * 20


def test_what_waits_at_a_connection_that_is_lost_is_published_over_the_next_one(
    broker: Broker, dispatcher: WholeDispatcher
) -> None:
    app = make_celery("memory://")
    lost = app.events.Dispatcher(app.connection_for_write(), buffer_group=["task"])
    lost.send("task-succeeded", uuid="one")
    dispatcher.extend_buffer(lost)
    dispatcher.flush()
    assert broker.taken == ["one"]


def test_a_crowd_of_events_is_left_to_the_loop_to_publish(
    broker: Broker, dispatcher: WholeDispatcher
) -> None:
    for number in range(200):
        dispatcher.send("task-started", uuid=str(number))
    assert broker.asked == 0
    dispatcher.flush()
    assert (broker.asked, len(broker.taken)) == (1, 200)
