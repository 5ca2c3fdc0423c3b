"""Each knob makes the gateway fail in its own way, for good or for the next few sends."""

import socket
import time

import pytest
import requests

from otp_worker.devtools.simulator import Simulator
from tests.devtools.simulator.rehearsal import NUMBER, Client
from tests.waiting import awaited


def taken(simulator: Simulator) -> int:
    return len(simulator.messages)


@pytest.mark.parametrize(
    ("knob", "value", "status", "error"),
    [
        ("offline", True, 503, "no_active_device_for_tenant"),
        ("suspended", True, 403, "tenant_inactive"),
        ("refuse", [NUMBER], 400, "validation_error"),
        ("throttle", True, 429, "rate_limited"),
    ],
)
def test_a_knob_refuses_without_taking(
    client: Client, simulator: Simulator, knob: str, value: object, status: int, error: str
) -> None:
    simulator.knobs.set(**{knob: value})
    answer = client.send()
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert taken(simulator) == 0
    simulator.knobs.reset()
    assert client.send().status_code == 202


def test_refuse_spares_other_numbers(client: Client, simulator: Simulator) -> None:
    simulator.knobs.refuse = ("447700900000",)
    assert client.send().status_code == 202


def test_an_offline_phone_still_validates(client: Client, simulator: Simulator) -> None:
    simulator.knobs.offline = True
    assert client.send(to="x").status_code == 400


def test_a_suspended_tenant_registers_no_webhook(client: Client, simulator: Simulator) -> None:
    simulator.knobs.suspended = True
    answer = client.vendor("PUT", "/webhooks", {"url": "http://app.example/", "enabled": True})
    assert (answer.status_code, answer.json()) == (403, {"error": "tenant_inactive"})


def test_throttle_says_when_to_come_again(client: Client, simulator: Simulator) -> None:
    simulator.knobs.set(throttle=True, retry_after_seconds=7)
    assert client.send().headers["Retry-After"] == "7"


@pytest.mark.parametrize("status", [500, 502, 504, 599])
def test_error_status_is_answered_without_json(client: Client, simulator: Simulator, status: int) -> None:
    simulator.knobs.error_status = status
    answer = client.send()
    assert answer.status_code == status
    assert "html" in answer.headers["Content-Type"]
    assert taken(simulator) == 0


def test_redirect_points_elsewhere(client: Client, simulator: Simulator) -> None:
    simulator.knobs.redirect = "http://169.254.169.254/latest"
    answer = client.send()
    assert (answer.status_code, answer.headers["Location"]) == (302, "http://169.254.169.254/latest")
    assert taken(simulator) == 0


def test_slow_answers_late(client: Client, simulator: Simulator) -> None:
    simulator.knobs.slow_seconds = 0.2
    before = time.monotonic()
    assert client.send().status_code == 202
    assert time.monotonic() - before >= 0.2


def test_slow_takes_before_it_waits(client: Client, simulator: Simulator) -> None:
    simulator.knobs.slow_seconds = 3600
    with pytest.raises(requests.ReadTimeout):
        client.send(timeout=0.2)
    assert awaited(lambda: taken(simulator) == 1)


def test_lose_reply_takes_and_closes(client: Client, simulator: Simulator) -> None:
    simulator.knobs.lose_reply = True
    with pytest.raises(requests.ConnectionError):
        client.send()
    assert taken(simulator) == 1


def test_hang_takes_and_never_answers(client: Client, simulator: Simulator) -> None:
    simulator.knobs.hang = True
    with pytest.raises(requests.ReadTimeout):
        client.send(timeout=0.2)
    assert awaited(lambda: taken(simulator) == 1)


def test_drip_outlives_a_read_timeout(client: Client, simulator: Simulator) -> None:
    simulator.knobs.set(drip=True, drip_seconds=0.005)
    answer = client.send(timeout=0.7)
    assert answer.elapsed.total_seconds() > 0.7
    assert answer.json()["status"] == "queued"


def test_malformed_is_a_202_nobody_can_read(client: Client, simulator: Simulator) -> None:
    simulator.knobs.malformed = True
    answer = client.send()
    assert answer.status_code == 202
    with pytest.raises(requests.JSONDecodeError):
        answer.json()
    assert taken(simulator) == 1


def test_oversized_is_a_202_of_64_mebibytes(client: Client, simulator: Simulator) -> None:
    simulator.knobs.oversized = True
    with client.vendor("POST", "/messages", {"to": NUMBER, "text": "x"}, stream=True) as answer:
        assert answer.status_code == 202
        assert int(answer.headers["Content-Length"]) > 64 * 1024 * 1024
        assert answer.raw.read(1) == b"{"
    assert taken(simulator) == 1


def test_dedupe_takes_a_ref_once_and_answers_the_same(client: Client, simulator: Simulator) -> None:
    simulator.knobs.dedupe = True
    first, again, other = client.send(ref="a"), client.send(ref="a"), client.send(ref="b")
    assert again.json() == first.json()
    assert other.json()["id"] != first.json()["id"]
    assert taken(simulator) == 2
    client.send()
    client.send()
    assert taken(simulator) == 4


def test_without_dedupe_a_repeated_ref_is_sent_twice(client: Client, simulator: Simulator) -> None:
    assert client.send(ref="a").json()["id"] != client.send(ref="a").json()["id"]
    assert taken(simulator) == 2


def test_next_limits_a_knob_to_so_many_sends(client: Client, simulator: Simulator) -> None:
    simulator.knobs.set(offline=True, next=2)
    assert [client.send().status_code for _ in range(3)] == [503, 503, 202]
    assert simulator.knobs.as_dict()["next"] == {}


def test_a_wrong_key_uses_up_none_of_the_next(client: Client, simulator: Simulator) -> None:
    simulator.knobs.set(offline=True, next=1)
    assert [client.send(key="sk_live_wrong").status_code, client.send().status_code] == [401, 503]


def test_setting_a_knob_again_lifts_its_limit(client: Client, simulator: Simulator) -> None:
    simulator.knobs.set(offline=True, next=1)
    simulator.knobs.set(offline=True)
    assert [client.send().status_code for _ in range(2)] == [503, 503]


@pytest.mark.parametrize("knob", ["hang", "drip", "slow_seconds"])
def test_stopping_does_not_wait_for_a_stuck_answer(
    client: Client, simulator: Simulator, knob: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulator.knobs.set(**{knob: 3600 if knob == "slow_seconds" else True})
    with socket.create_connection(("127.0.0.1", simulator.port), timeout=10) as connection:
        body = b'{"to": "%s", "text": "x"}' % NUMBER.encode()
        head = f"POST /v1/messages HTTP/1.1\r\nAuthorization: Bearer {simulator.key}\r\n"
        connection.sendall(head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        simulator.messages.wait_for(lambda message: message.to == NUMBER)
        before = time.monotonic()
        simulator.stop()
        assert time.monotonic() - before < 2
        with connection.makefile("rb") as answer:
            answer.read()


def test_a_stopped_simulator_refuses_and_starts_again_where_it_was(
    client: Client, simulator: Simulator
) -> None:
    client.send(ref="before")
    simulator.stop()
    with pytest.raises(requests.ConnectionError):
        client.send()
    simulator.start()
    assert client.send(ref="after").status_code == 202
    assert [message.ref for message in simulator.messages] == ["before", "after"]
