"""The Mobile API Connect adapter against the simulated phone and against a stub that says what it is told."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from otp_worker.gateways.gateway import Message, Outcome, OutcomeKind
from otp_worker.gateways.mobile_api_connect import MobileApiConnect
from otp_worker.processes.ports import free_ports
from otp_worker.simulator import Simulator
from tests.contract.stub import Stub, answer

KEY = "sk_live_" + "k" * 40
CODE_TEXT = "Your code is 123456 (valid 5 minutes)."
NUMBER = "+447400123456"


def message(seconds: float = 5.0, callback_url: str | None = None) -> Message:
    return Message(NUMBER, CODE_TEXT, "ver_1.1", callback_url, 300.0, seconds)


@pytest.fixture
def phone() -> Iterator[Simulator]:
    with Simulator(key=KEY) as simulator:
        yield simulator


@pytest.fixture
def gateway(phone: Simulator) -> MobileApiConnect:
    return MobileApiConnect("mobile_api_connect", phone.url, KEY)


@pytest.fixture
def stub() -> Iterator[Stub]:
    with Stub() as listening:
        yield listening


def send_to(stub: Stub, seconds: float = 5.0) -> Outcome:
    return MobileApiConnect("stubbed", stub.url, KEY).send(message(seconds))


def test_an_accepted_message_is_on_the_phone_as_it_was_sent(
    phone: Simulator, gateway: MobileApiConnect
) -> None:
    outcome = gateway.send(message())
    taken = phone.messages.wait_for(lambda each: each.ref == "ver_1.1")
    assert (outcome.kind, outcome.message_id) == (OutcomeKind.ACCEPTED, taken.id)
    assert (taken.to, taken.text, taken.callback) == (NUMBER, CODE_TEXT, None)


def test_the_request_is_what_the_vendor_documents(stub: Stub) -> None:
    stub.answers.append(answer(202, {"id": "msg_1", "status": "queued"}))
    outcome = MobileApiConnect("stubbed", stub.url, KEY).send(message(callback_url="http://127.0.0.1/cb"))
    assert outcome.message_id == "msg_1"
    request = stub.requests[0]
    head, _, body = request.partition(b"\r\n\r\n")
    assert head.splitlines()[0] == b"POST /v1/messages HTTP/1.1"
    assert f"Authorization: Bearer {KEY}".encode() in head
    assert b"Content-Type: application/json" in head
    assert json.loads(body) == {
        "to": NUMBER,
        "text": CODE_TEXT,
        "ref": "ver_1.1",
        "callback": "http://127.0.0.1/cb",
    }


def test_no_phone_online_is_unavailable(phone: Simulator, gateway: MobileApiConnect) -> None:
    phone.knobs.set(offline=True)
    outcome = gateway.send(message())
    assert outcome.kind is OutcomeKind.UNAVAILABLE
    assert "no_active_device_for_tenant" in outcome.reason
    assert not outcome.alarm


def test_a_wrong_key_is_refused_and_raises_the_alarm(phone: Simulator) -> None:
    outcome = MobileApiConnect("mobile_api_connect", phone.url, "sk_live_" + "x" * 40).send(message())
    assert (outcome.kind, outcome.alarm) == (OutcomeKind.REFUSED, True)


def test_a_suspended_account_is_refused_and_raises_the_alarm(
    phone: Simulator, gateway: MobileApiConnect
) -> None:
    phone.knobs.set(suspended=True)
    outcome = gateway.send(message())
    assert (outcome.kind, outcome.alarm) == (OutcomeKind.REFUSED, True)
    assert "tenant_inactive" in outcome.reason


def test_a_number_the_gateway_refuses_is_refused_without_alarm(
    phone: Simulator, gateway: MobileApiConnect
) -> None:
    phone.knobs.set(refuse=[NUMBER])
    outcome = gateway.send(message())
    assert (outcome.kind, outcome.alarm) == (OutcomeKind.REFUSED, False)


def test_throttling_carries_the_time_to_wait(phone: Simulator, gateway: MobileApiConnect) -> None:
    phone.knobs.set(throttle=True)
    phone.knobs.set(retry_after_seconds=7)
    outcome = gateway.send(message())
    assert (outcome.kind, outcome.retry_after_seconds) == (OutcomeKind.THROTTLED, 7.0)


@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_server_error_is_uncertain(phone: Simulator, gateway: MobileApiConnect, status: int) -> None:
    phone.knobs.set(error_status=status)
    assert gateway.send(message()).kind is OutcomeKind.UNCERTAIN


@pytest.mark.parametrize("knob", ["lose_reply", "malformed", "oversized"])
def test_a_message_taken_without_a_readable_answer_is_uncertain(
    phone: Simulator, gateway: MobileApiConnect, knob: str
) -> None:
    phone.knobs.set(**{knob: True})
    assert gateway.send(message()).kind is OutcomeKind.UNCERTAIN
    assert len(phone.messages) == 1


def test_a_gateway_that_hangs_is_given_up_at_the_deadline(
    phone: Simulator, gateway: MobileApiConnect
) -> None:
    phone.knobs.set(hang=True)
    started = time.monotonic()
    assert gateway.send(message(seconds=1)).kind is OutcomeKind.UNCERTAIN
    assert time.monotonic() - started < 4


def test_a_gateway_that_drips_is_given_up_at_the_deadline(
    phone: Simulator, gateway: MobileApiConnect
) -> None:
    phone.knobs.set(drip_seconds=0.2)
    phone.knobs.set(drip=True)
    started = time.monotonic()
    assert gateway.send(message(seconds=1)).kind is OutcomeKind.UNCERTAIN
    assert time.monotonic() - started < 4


def test_headers_that_drip_are_given_up_at_the_deadline(stub: Stub) -> None:
    stub.drip = b"HTTP/1.1 202 Accepted\r\n" + b"X-Slow: yes\r\n" * 1000
    started = time.monotonic()
    assert send_to(stub, seconds=1).kind is OutcomeKind.UNCERTAIN
    assert time.monotonic() - started < 4


def test_a_redirect_is_not_followed(phone: Simulator, gateway: MobileApiConnect, stub: Stub) -> None:
    phone.knobs.set(redirect=stub.url)
    assert gateway.send(message()).kind is OutcomeKind.REFUSED
    assert stub.requests == []


def test_a_port_where_nobody_listens_is_unavailable() -> None:
    port = free_ports(None)[0]
    outcome = MobileApiConnect("nobody", f"http://127.0.0.1:{port}/v1", KEY).send(message())
    assert outcome.kind is OutcomeKind.UNAVAILABLE


def test_a_name_that_does_not_resolve_is_unavailable() -> None:
    outcome = MobileApiConnect("nowhere", "http://gateway.invalid/v1", KEY).send(message())
    assert outcome.kind is OutcomeKind.UNAVAILABLE


def test_a_tls_handshake_that_fails_is_unavailable(stub: Stub) -> None:
    stub.answers.append(b"this is not TLS\r\n\r\n")
    url = stub.url.replace("http://", "https://")
    assert MobileApiConnect("plain", url, KEY).send(message()).kind is OutcomeKind.UNAVAILABLE


def test_a_listener_that_never_accepts_is_left_within_the_deadline() -> None:
    with closing(socket.socket()) as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        started = time.monotonic()
        url = f"http://127.0.0.1:{full.getsockname()[1]}/v1"
        outcome = MobileApiConnect("full", url, KEY).send(message(seconds=1))
        assert outcome.kind in (OutcomeKind.UNAVAILABLE, OutcomeKind.UNCERTAIN)
        assert time.monotonic() - started < 4


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (202, {"status": "queued"}, OutcomeKind.UNCERTAIN),
        (202, {"id": 7}, OutcomeKind.UNCERTAIN),
        (202, ["msg_1"], OutcomeKind.UNCERTAIN),
        (204, None, OutcomeKind.UNCERTAIN),
        (404, {"error": "not_found"}, OutcomeKind.REFUSED),
        (418, None, OutcomeKind.REFUSED),
        (503, None, OutcomeKind.UNAVAILABLE),
        (503, {"error": "no_active_device_for_tenant"}, OutcomeKind.UNAVAILABLE),
    ],
)
def test_an_answer_is_read_as_the_table_says(
    stub: Stub, status: int, body: object, kind: OutcomeKind
) -> None:
    stub.answers.append(answer(status, body))
    assert send_to(stub).kind is kind


def test_a_reset_after_the_request_is_uncertain(stub: Stub) -> None:
    stub.answers.append(None)
    assert send_to(stub).kind is OutcomeKind.UNCERTAIN


def test_no_outcome_quotes_the_number_or_the_text(stub: Stub) -> None:
    echo = {"error": f"cannot send {CODE_TEXT} to {NUMBER}"}
    for status in (400, 401, 403, 404, 418, 429, 500, 503):
        stub.answers.append(answer(status, echo))
        reason = send_to(stub).reason
        assert "123456" not in reason
        assert NUMBER[1:] not in reason


def test_a_kept_connection_that_the_gateway_closed_is_opened_again(stub: Stub) -> None:
    gateway = MobileApiConnect("stubbed", stub.url, KEY)
    for number in ("msg_1", "msg_2"):
        stub.answers.append(answer(202, {"id": number}))
        assert gateway.send(message()).message_id == number


def test_the_probe_tells_a_good_key_from_a_bad_one_and_sends_nothing(
    phone: Simulator, gateway: MobileApiConnect
) -> None:
    assert gateway.probe().kind is OutcomeKind.ACCEPTED
    bad = MobileApiConnect("mobile_api_connect", phone.url, "sk_live_" + "x" * 40).probe()
    assert (bad.kind, bad.alarm) == (OutcomeKind.REFUSED, True)
    assert len(phone.messages) == 0


def test_many_threads_each_get_their_own_answer(phone: Simulator, gateway: MobileApiConnect) -> None:
    ids: list[str | None] = []
    threads = [
        threading.Thread(target=lambda: ids.append(gateway.send(message()).message_id)) for _ in range(32)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(ids)) == 32
