"""The load generator and the raw sink, each against the other."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from otp_worker.devtools.bench.gateway import NotDeliveredError, Sink
from otp_worker.devtools.bench.generator import LoadFailedError, ask, generating
from otp_worker.devtools.bench.load import Item, Order
from otp_worker.devtools.processes.environment import child_environment
from otp_worker.devtools.processes.fleet import Fleet

SLOW_SECONDS = 0.3
MESSAGES: list[Item] = [("/v1/messages", {"to": f"+44740000000{n}", "text": f"text {n}"}) for n in range(5)]


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[Sink]:
    with Fleet(tmp_path, cwd=tmp_path, env=child_environment({})) as fleet:
        server = Sink(fleet)
        server.start()
        yield server
        server.close()


def test_each_item_is_asked_once_where_as_many_are_wanted(sink: Sink) -> None:
    loaded = ask(Order(sink.port, MESSAGES, connections=3, seconds=30, most=5, keep_answers=True))
    assert sorted(loaded.positions) == [0, 1, 2, 3, 4]
    assert loaded.statuses == [202] * 5
    assert all("msg_" in answer for answer in loaded.answers)
    taken = {(each.to, each.text) for each in sink.await_messages(5, 10)}
    assert taken == {(body["to"], body["text"]) for _, body in MESSAGES}


def test_items_are_asked_again_while_time_is_left(sink: Sink) -> None:
    loaded = ask(Order(sink.port, MESSAGES, connections=1, seconds=30, most=12))
    assert loaded.positions == [0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1]


def test_at_a_pace_a_latency_counts_from_when_the_request_was_due(sink: Sink) -> None:
    sink.begin(SLOW_SECONDS)
    # The one connection is taken when the second and the third are due.
    loaded = ask(Order(sink.port, MESSAGES, connections=1, seconds=30, most=3, rate_per_s=1000.0))
    waited = [latency // SLOW_SECONDS for latency in loaded.latencies]
    assert waited[0] >= 1
    assert waited[1] > waited[0]
    assert waited[2] > waited[1]


def test_the_sink_waits_before_it_answers(sink: Sink) -> None:
    sink.begin(SLOW_SECONDS)
    ask(Order(sink.port, MESSAGES, connections=1, seconds=30, most=1))
    (message,) = sink.await_messages(1, 10)
    # A timer may go off a little before its time.
    assert message.answered_at - message.arrived_at > SLOW_SECONDS * 0.9


def test_messages_that_do_not_come_are_not_waited_for_longer_than_said(sink: Sink) -> None:
    with pytest.raises(NotDeliveredError, match="0 of 1 messages"):
        sink.await_messages(1, 0.05)


def test_an_unexpected_status_is_an_error_that_tells_how_many(sink: Sink) -> None:
    with pytest.raises(LoadFailedError, match="2 of 202"):
        ask(Order(sink.port, MESSAGES, connections=1, seconds=30, most=2), expected=[200])


def test_a_server_that_is_not_there_is_an_error(sink: Sink) -> None:
    with pytest.raises(LoadFailedError, match="broke off"):
        ask(Order(9, MESSAGES, connections=1, seconds=30, most=2))


def test_a_load_beside_the_block_has_begun_without_being_waited_for(sink: Sink) -> None:
    with generating(Order(sink.port, MESSAGES, connections=1, seconds=30)):
        assert len(sink.await_messages(3, 10)) >= 3


def test_a_request_without_an_answer_is_told_and_ends_only_its_own_connection() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        closing_at_once(server),
        pytest.raises(LoadFailedError, match="2 of no answer"),
    ):
        ask(Order(server.getsockname()[1], MESSAGES, connections=2, seconds=30, most=5))


@contextmanager
def closing_at_once(server: socket.socket) -> Iterator[None]:
    """Each connection is read from once, and closed."""

    def serve() -> None:
        for _ in range(2):
            connection, _ = server.accept()
            connection.recv(65536)
            connection.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield
    thread.join(10)
