"""What somebody at the phone hears: every change from the first moment on, and the requests with their ms."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests

from otp_worker.devtools.simulator import Simulator
from otp_worker.devtools.simulator import feed as simulator_feed
from otp_worker.devtools.simulator.exchanges import KEPT, Exchange
from tests.devtools.simulator.rehearsal import NUMBER, Client
from tests.waiting import awaited

Event = tuple[str, Any]


@contextmanager
def listening(simulator: Simulator, **headers: str) -> Iterator[Iterator[Event]]:
    """The feed's events, as a browser reads them."""
    with requests.Session() as session:
        session.trust_env = False
        url = f"{simulator.origin}/sim/events"
        with session.get(url, stream=True, timeout=10, headers=headers) as answer:
            assert answer.status_code == 200
            assert answer.headers["Content-Type"] == "text/event-stream"
            yield _events(answer.iter_lines(chunk_size=1, decode_unicode=True))


@contextmanager
def following(simulator: Simulator) -> Iterator[Iterator[Event]]:
    """The feed's events from now on: what there was already is read."""
    with listening(simulator) as events:
        until(events, "snapshot")
        yield events


def _events(lines: Iterator[str]) -> Iterator[Event]:
    kind = ""
    for line in lines:
        name, _, value = line.partition(": ")
        if name == "event":
            kind = value
        elif name == "data":
            yield kind, json.loads(value)


def until(events: Iterator[Event], kind: str, **wanted: object) -> Any:
    """The next event of that kind whose fields are as wanted."""
    return until_all(events, (kind, wanted))[0]


def until_all(events: Iterator[Event], *wanted: tuple[str, dict[str, object]]) -> list[Any]:
    """One event for each kind with its fields, in whatever order they come."""
    found: dict[int, Any] = {}
    for kind, data in events:
        for place, (wanted_kind, fields) in enumerate(wanted):
            if kind == wanted_kind and all(data[name] == value for name, value in fields.items()):
                found.setdefault(place, data)
        if len(found) == len(wanted):
            return [found[place] for place in range(len(wanted))]
    raise AssertionError(f"the feed ended without all of {wanted}")


def asked(client: Client) -> list[dict[str, Any]]:
    """The requests that are shown, once all are over: one is only when its answer has left."""

    def shown() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = client.control("GET", "/sim/requests").json()["requests"]
        return found

    assert awaited(lambda: all(each["ms"] is not None for each in shown()))
    return shown()


def test_the_feed_begins_with_all_there_is(client: Client, simulator: Simulator) -> None:
    client.send(ref="a")
    simulator.reply(NUMBER, "hello")
    assert [each["status"] for each in asked(client)] == [202]
    with listening(simulator) as events:
        kind, snapshot = next(events)
    assert kind == "snapshot"
    assert snapshot == client.control("GET", "/sim/state").json()
    assert [message["ref"] for message in snapshot["messages"]] == ["a"]
    assert [reply["text"] for reply in snapshot["replies"]] == ["hello"]
    assert [request["status"] for request in snapshot["requests"]] == [202]
    assert (snapshot["scenario"], snapshot["waiting"], snapshot["checks"]) == (None, [], False)


def test_the_feed_tells_every_change(client: Client, simulator: Simulator) -> None:
    with following(simulator) as events:
        taken = client.send(ref="a").json()
        news = [
            ("message", {"id": taken["id"], "ref": "a"}),
            ("request", {"status": 202}),
            ("state", {"taken": 1}),
        ]
        until_all(events, *news)
        simulator.reply(NUMBER, "hello")
        assert until(events, "reply")["text"] == "hello"
        standing = client.control("PUT", "/sim/scenario", {"name": "offline"}).json()
        until(events, "state", scenario=standing["scenario"])
        client.send()
        until(events, "request", status=503)
        client.control("DELETE", "/sim/messages")
        assert until(events, "snapshot")["messages"] == []


def test_a_knob_that_somebody_assigned_is_told_too(simulator: Simulator) -> None:
    with following(simulator) as events:
        simulator.knobs.offline = True
        until(events, "state", by_hand={"offline": True})


def test_what_changes_while_the_first_look_is_taken_is_told_after_it(
    client: Client, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    newest = simulator._exchanges.newest

    def newest_and_offline(*args: int) -> list[Exchange]:
        simulator.knobs.offline = True
        return newest(*args)

    monkeypatch.setattr(simulator._exchanges, "newest", newest_and_offline)
    with listening(simulator) as events:
        assert not until(events, "snapshot")["by_hand"].get("offline")
        until(events, "state", by_hand={"offline": True})


def test_who_falls_behind_reads_all_again(
    client: Client, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(simulator_feed, "LONGEST_BACKLOG", 2)
    with simulator._feed.listening() as listener:
        simulator._feed.wait(listener, 0)
        for ref in ("a", "b", "c"):
            client.send(ref=ref)
        assert simulator._feed.wait(listener, 0)[0]


def test_the_feed_ends_with_the_simulator(simulator: Simulator) -> None:
    with following(simulator) as events:
        simulator.stop()
        assert list(events) == []
    simulator.start()
    with listening(simulator) as events:
        until(events, "snapshot")


def test_nobody_listens_after_the_connection_is_closed(simulator: Simulator) -> None:
    with following(simulator):
        assert len(simulator._feed._listeners) == 1
    simulator.stop()
    assert simulator._feed._listeners == []


@pytest.mark.parametrize(
    ("origin", "may_read"),
    [
        ("http://127.0.0.1:5556", True),
        ("http://localhost:3000", True),
        ("http://[::1]:3000", True),
        ("https://shop.example", False),
        ("http://localhost.evil.example", False),
        ("http://192.0.2.1", False),
        ("null", False),
        ("http://[", False),
    ],
)
def test_pages_of_this_machine_alone_may_read(client: Client, origin: str, may_read: bool) -> None:
    answer = client.control("GET", "/sim/state", headers={"Origin": origin})
    assert answer.headers.get("Access-Control-Allow-Origin") == (origin if may_read else None)


def test_no_page_under_another_port_may_change_anything(client: Client, simulator: Simulator) -> None:
    origin = {"Origin": "http://127.0.0.1:5556"}
    answer = client.control("PUT", "/sim/scenario", {"name": "offline"}, headers=origin)
    assert "Access-Control-Allow-Origin" not in answer.headers
    # A browser asks first, and is not given leave.
    asks = {**origin, "Access-Control-Request-Method": "PUT"}
    assert (
        "Access-Control-Allow-Origin" not in client.control("OPTIONS", "/sim/scenario", headers=asks).headers
    )


def test_pages_of_this_machine_alone_may_frame_the_phone(client: Client) -> None:
    page = client.control("GET", "/")
    policy = page.headers["Content-Security-Policy"]
    ancestors = policy.partition("frame-ancestors ")[2].split()
    assert ancestors == ["http://127.0.0.1:*", "http://localhost:*"]
    assert "X-Frame-Options" not in page.headers


def test_each_request_is_shown_with_its_status_and_its_milliseconds(
    client: Client, simulator: Simulator
) -> None:
    simulator.knobs.set(slow_seconds=0.05, next=1)
    client.send()
    client.send(to="x")
    client.send(key="sk_live_wrong")
    shown = asked(client)
    assert [(each["method"], each["path"], each["status"]) for each in shown] == [
        ("POST", "/v1/messages", 202),
        ("POST", "/v1/messages", 400),
        ("POST", "/v1/messages", 401),
    ]
    assert shown[0]["ms"] >= 50
    assert all(each["ms"] >= 0 for each in shown)


@pytest.mark.parametrize(("knob", "manner"), [("lose_reply", "lost"), ("hang", "hung")])
def test_a_request_without_an_answer_has_no_status(
    client: Client, simulator: Simulator, knob: str, manner: str
) -> None:
    simulator.knobs.set(**{knob: True})
    with following(simulator) as events:
        with pytest.raises(requests.RequestException):
            client.send(timeout=0.2)
        ended = until(events, "request", manner=manner, status=None)
        while ended["ms"] is None:
            ended = until(events, "request", id=ended["id"])
        assert ended["status"] is None


def test_an_answer_that_is_held_back_waits_until_an_instant(client: Client, simulator: Simulator) -> None:
    simulator.knobs.slow_seconds = 3600
    with following(simulator) as events:
        with pytest.raises(requests.ReadTimeout):
            client.send(timeout=0.2)
        while not (waits := until(events, "state")["waiting"]):
            pass
    assert (waits[0]["what"], waits[0]["detail"]) == ("answer", "POST /v1/messages")
    assert waits[0]["why"] == "answers are slow"
    assert waits[0]["until"] > client.control("GET", "/sim/requests").json()["requests"][0]["started_at"]


def test_only_the_newest_requests_are_kept_and_none_of_the_page(client: Client) -> None:
    for number in range(KEPT + 3):
        client.send(ref=str(number))
        client.control("GET", "/sim/health")
    ids = [each["id"] for each in asked(client)]
    assert len(ids) == KEPT
    assert ids == sorted(ids)
    assert {each["path"] for each in asked(client)} == {"/v1/messages"}
    assert len(client.control("GET", "/sim/requests?limit=3").json()["requests"]) == 3
    assert len(client.control("GET", "/sim/requests?limit=999").json()["requests"]) == KEPT


def test_no_number_stands_in_a_request() -> None:
    with Simulator(profile="kannel", key="user:password") as simulator:
        query = "username=user&password=password&to=%2B447700900123&text=x&from=1"
        requests.get(f"{simulator.origin}/cgi-bin/sendsms?{query}", timeout=10)
        (shown,) = requests.get(f"{simulator.origin}/sim/requests", timeout=10).json()["requests"]
    assert shown["path"] == "/cgi-bin/sendsms"
    assert "900123" not in str(shown)
