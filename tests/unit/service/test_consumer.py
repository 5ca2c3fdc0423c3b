"""The consumer's pauses between its attempts to consume again."""

from typing import Any

import pytest
import structlog.testing
from celery.bootsteps import CLOSE, RUN
from celery.exceptions import WorkerShutdown
from celery.worker import state
from redis.exceptions import ResponseError

from otp_worker.service import consumer as module
from otp_worker.service.consumer import CALM_SECONDS, EVENTS_SECONDS, PAUSES_SECONDS, ResilientConsumer


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


@pytest.fixture
def consumer() -> ResilientConsumer:
    # Of its many parts none takes part in the waiting.
    made: ResilientConsumer = object.__new__(ResilientConsumer)
    return made


def _waited(clock: Clock, consumer: Any) -> float:
    before = clock.now
    consumer.on_connection_error_before_connected(ValueError("READONLY"))
    return clock.now - before


def test_the_pauses_grow_to_a_bound_that_keeps_a_recovery_within_five_seconds(
    clock: Clock, consumer: ResilientConsumer
) -> None:
    with structlog.testing.capture_logs() as lines:
        waited = [_waited(clock, consumer) for _ in range(6)]
    assert waited == pytest.approx([*PAUSES_SECONDS, PAUSES_SECONDS[-1], PAUSES_SECONDS[-1]], abs=0.11)
    assert max(waited) < 2.5
    assert {line["answer"] for line in lines} == {"ValueError: READONLY"}


def test_after_a_calm_the_pauses_begin_anew(clock: Clock, consumer: ResilientConsumer) -> None:
    for _ in range(4):
        _waited(clock, consumer)
    clock.now += CALM_SECONDS
    assert _waited(clock, consumer) == pytest.approx(PAUSES_SECONDS[0], abs=0.11)


def test_a_worker_that_is_told_to_end_does_not_wait(
    clock: Clock, consumer: ResilientConsumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state, "should_stop", 0)
    with pytest.raises(WorkerShutdown):
        _waited(clock, consumer)
    assert clock.now == 0


class EventLoop:
    """Celery's loop, which ends the worker with whatever is raised in it."""

    def call_soon(self, act: Any) -> None:
        act("logger", ())


@pytest.mark.parametrize("broken", [AttributeError, KeyError, RuntimeError])
def test_a_message_that_outlives_its_connection_does_not_end_the_worker(
    consumer: Any, broken: type[Exception]
) -> None:
    """As kombu's ``'NoneType' object has no attribute 'hostname'`` of a channel whose connection is gone."""
    consumer.hub = EventLoop()
    consumer.connection_errors, consumer.channel_errors = (ConnectionError,), (ResponseError,)

    def acknowledge(*_: Any) -> None:
        raise broken

    with structlog.testing.capture_logs() as lines:
        consumer.call_soon(acknowledge)
    assert [(line["event"], line["error"]) for line in lines] == [("not_acknowledged", broken.__name__)]


@pytest.mark.parametrize("answer", [ConnectionError, ResponseError])
def test_what_the_broker_answers_to_an_acknowledgement_is_still_recovered_from(
    consumer: Any, answer: type[Exception]
) -> None:
    consumer.hub = EventLoop()
    consumer.connection_errors, consumer.channel_errors = (ConnectionError,), (ResponseError,)

    def acknowledge(*_: Any) -> None:
        raise answer

    with pytest.raises(answer):
        consumer.call_soon(acknowledge)


class Hub:
    """An event loop whose timers fire when they are told to, and that may lose them."""

    def __init__(self) -> None:
        self.timers: list[tuple[float, Any]] = []

    def call_soon(self, act: Any) -> None:
        act()

    def call_later(self, seconds: float, act: Any) -> None:
        self.timers.append((seconds, act))


class Events:
    """Counts how often task events are published."""

    flushes = 0

    def flush(self) -> None:
        self.flushes += 1


class Blueprint:
    """Whether the worker runs."""

    state = RUN

    def stop(self, _consumer: object) -> None:
        self.state = CLOSE


@pytest.fixture
def telling(clock: Clock, consumer: Any) -> Any:
    clock.now = 100.0
    consumer.hub, consumer.event_dispatcher, consumer.blueprint = Hub(), Events(), Blueprint()
    return consumer


def test_task_events_are_published_four_times_a_second_however_many_there_are(
    telling: Any, clock: Clock
) -> None:
    for _ in range(1000):
        clock.now += 0.001
        telling.on_send_event_buffered()
    assert [seconds for seconds, _ in telling.hub.timers] == [EVENTS_SECONDS] * 4
    telling.hub.timers[0][1]()
    assert telling.event_dispatcher.flushes == 1


def test_events_are_published_although_a_lost_connection_took_the_timer_with_it(
    telling: Any, clock: Clock
) -> None:
    telling.on_send_event_buffered()
    telling.hub.timers.clear()
    clock.now += EVENTS_SECONDS
    telling.on_send_event_buffered()
    assert len(telling.hub.timers) == 1


def test_a_worker_that_ends_publishes_what_waits_and_what_its_last_tasks_tell(telling: Any) -> None:
    telling.on_send_event_buffered()
    telling.stop()
    assert telling.event_dispatcher.flushes == 1
    telling.on_send_event_buffered()
    assert telling.event_dispatcher.flushes == 2
