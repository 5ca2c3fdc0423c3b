"""The vendor's side answers as Mobile API Connect documents it."""

import re
import socket
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from otp_worker.devtools.simulator import Knobs, Simulator
from tests.devtools.simulator.rehearsal import NUMBER, Client


def test_a_message_is_taken_with_202_and_an_id(client: Client, simulator: Simulator) -> None:
    answer = client.send(ref="dlv_1", channel="sms")
    assert answer.status_code == 202
    assert answer.json().keys() == {"id", "status", "createdAt"}
    assert answer.json()["status"] == "queued"
    (message,) = simulator.messages
    assert (message.id, message.to, message.text, message.ref, message.callback) == (
        answer.json()["id"],
        NUMBER,
        "Your code is 123456",
        "dlv_1",
        None,
    )
    assert re.fullmatch(r"msg_\w+", message.id)
    assert message.sent_at is not None


def test_instants_come_from_the_clock_in_utc() -> None:
    noon = datetime(2026, 1, 2, 12, tzinfo=UTC)
    with Simulator(knobs=Knobs(clock=lambda: noon)) as simulator:
        client = Client(simulator)
        with client.session:
            assert client.send().json()["createdAt"] == "2026-01-02T12:00:00.000Z"
        (message,) = simulator.messages
        assert message.taken_at == message.sent_at == noon


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic c2s6", "sk_live_x"])
def test_no_or_a_malformed_key_is_unauthorized(simulator: Simulator, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = requests.post(simulator.url + "/messages", json={}, headers=headers, timeout=10)
    assert (answer.status_code, answer.json()) == (401, {"error": "unauthorized"})


def test_another_key_is_invalid(client: Client, simulator: Simulator) -> None:
    answer = client.send(key=simulator.key[:-1] + "-")
    assert (answer.status_code, answer.json()) == (401, {"error": "invalid_api_key"})
    assert len(simulator.messages) == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("to", "07700900123"),
        ("to", "447700900123"),
        ("to", "+44 7700 900123"),
        ("to", "+0447700900123"),
        ("to", "+4477009001231234"),
        ("to", "+٤٤7700900123"),
        ("to", None),
        ("to", [NUMBER]),
        ("text", ""),
        ("text", "x" * 1601),
        ("text", 123456),
        ("ref", "r" * 65),
        ("ref", ""),
        ("ref", None),
        ("callback", "not a URL"),
        ("callback", "ftp://app.example/x"),
        ("callback", "http://[::1/x"),
        ("channel", "whatsapp"),
        ("channel", ["sms"]),
    ],
)
def test_a_wrong_field_is_a_validation_error_that_names_it(
    client: Client, simulator: Simulator, field: str, value: Any
) -> None:
    answer = client.send(**{field: value})
    assert answer.status_code == 400
    assert answer.json()["error"] == "validation_error"
    assert [issue["path"] for issue in answer.json()["issues"]] == [[field]]
    assert len(simulator.messages) == 0


def test_every_wrong_field_is_named(client: Client) -> None:
    issues = client.send(to="x", text="").json()["issues"]
    assert [issue["path"] for issue in issues] == [["to"], ["text"]]


@pytest.mark.parametrize("fields", [{"text": "x" * 1600}, {"ref": "r" * 64}, {"to": "+" + "9" * 15}])
def test_the_longest_values_are_taken(client: Client, fields: dict[str, Any]) -> None:
    assert client.send(**fields).status_code == 202


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"\xff", b"[" * 60_000])
def test_a_body_that_is_no_json_object_is_a_validation_error(simulator: Simulator, body: bytes) -> None:
    headers = {"Authorization": f"Bearer {simulator.key}"}
    answer = requests.post(simulator.url + "/messages", data=body, headers=headers, timeout=10)
    assert (answer.status_code, answer.json()["error"]) == (400, "validation_error")


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/messages"), ("POST", "/nothing"), ("PUT", "/messages")]
)
def test_anything_else_is_not_found(client: Client, method: str, path: str) -> None:
    answer = client.vendor(method, path, {})
    assert (answer.status_code, answer.json()) == (404, {"error": "not_found"})


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"POST /v1/messages HTTP/1.1\r\nContent-Length: 65537\r\n\r\n", 413),
        (b"POST /v1/messages HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST /v1/messages HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 411),
        (b"BREW /v1/messages HTTP/1.1\r\n\r\n", 501),
        (b"nonsense\r\n\r\n", 400),
    ],
)
def test_a_request_it_cannot_read_is_answered_and_hung_up_on(
    simulator: Simulator, head: bytes, status: int
) -> None:
    with socket.create_connection(("127.0.0.1", simulator.port), timeout=10) as connection:
        connection.sendall(head)
        with connection.makefile("rb") as answer:
            received = answer.read()
    assert received.startswith(b"HTTP/1.1 %d " % status)
    assert b'{"error": ' in received


def test_a_body_that_breaks_off_is_not_answered(simulator: Simulator) -> None:
    head = (
        f"POST /v1/messages HTTP/1.1\r\nAuthorization: Bearer {simulator.key}\r\nContent-Length: 99\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", simulator.port), timeout=10) as connection:
        connection.sendall(head.encode() + b'{"to": ')
        connection.shutdown(socket.SHUT_WR)
        with connection.makefile("rb") as answer:
            assert answer.read() == b""


@pytest.mark.parametrize(
    "body", [{}, {"url": "x", "enabled": True}, {"url": "http://app.example/", "enabled": "yes"}]
)
def test_a_wrong_webhook_is_a_validation_error(client: Client, body: dict[str, object]) -> None:
    answer = client.vendor("PUT", "/webhooks", body)
    assert (answer.status_code, answer.json()["error"]) == (400, "validation_error")


def test_none_of_64_parallel_clients_messages_is_lost(simulator: Simulator) -> None:
    def post_twenty(number: int) -> list[int]:
        client = Client(simulator)
        with client.session:
            return [client.send(ref=f"{number}-{turn}").status_code for turn in range(20)]

    with ThreadPoolExecutor(64) as pool:
        statuses = [status for posted in pool.map(post_twenty, range(64)) for status in posted]
    assert statuses == [202] * 1280
    assert {message.ref for message in simulator.messages} == {
        f"{n}-{t}" for n in range(64) for t in range(20)
    }
    assert len({message.id for message in simulator.messages}) == 1280
