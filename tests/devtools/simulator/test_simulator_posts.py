"""What the simulator posts to the app: delivery callbacks and inbound replies."""

import hashlib
import hmac
import json
from collections.abc import Iterator

import pytest

from otp_worker.devtools.simulator import Simulator
from otp_worker.devtools.simulator import outbound as simulator_outbound
from tests.devtools.simulator.rehearsal import NUMBER, Client, Heard, ListeningApp


@pytest.fixture(autouse=True)
def _quick_retries(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(simulator_outbound, "RETRY_SECONDS", (0.01, 0.01, 0.01))
    return iter(())


def signature(heard: Heard) -> str:
    return "sha256=" + hmac.new(b"whsec_rehearsal", heard.body, hashlib.sha256).hexdigest()


def test_a_callback_hears_that_the_message_was_sent_and_then_delivered(
    client: Client, simulator: Simulator, app: ListeningApp
) -> None:
    taken = client.send(ref="dlv_1", callback=app.url + "/cb/token").json()
    heard = app.wait_for(2)
    events = [json.loads(post.body) for post in heard]
    assert [event["status"] for event in events] == ["sent", "delivered"]
    assert {(event["id"], event["ref"], event["to"]) for event in events} == {
        (taken["id"], "dlv_1", NUMBER.removeprefix("+"))
    }
    assert {post.path for post in heard} == {"/cb/token"}
    assert [post.headers["X-MAC-Signature"] for post in heard] == [signature(post) for post in heard]
    message = simulator.messages.wait_for(lambda message: len(message.receipts) == 2)
    assert [(receipt.status, receipt.answered) for receipt in message.receipts] == [
        ("sent", 204),
        ("delivered", 204),
    ]


def test_the_statuses_can_be_chosen(client: Client, simulator: Simulator, app: ListeningApp) -> None:
    simulator.knobs.set(receipts=["undelivered"])
    client.send(callback=app.url)
    simulator.messages.wait_for(lambda message: len(message.receipts) == 1)
    assert [json.loads(post.body)["status"] for post in app.wait_for(1)] == ["undelivered"]


def test_a_refused_callback_is_tried_again_and_in_order(
    client: Client, simulator: Simulator, app: ListeningApp
) -> None:
    app.answers = [500, 302, 429]
    client.send(callback=app.url)
    statuses = [json.loads(post.body)["status"] for post in app.wait_for(5)]
    assert statuses == ["sent", "sent", "sent", "sent", "delivered"]


def test_a_callback_nobody_answers_is_given_up(
    client: Client, simulator: Simulator, app: ListeningApp
) -> None:
    app.close()
    client.send(callback=app.url)
    message = simulator.messages.wait_for(lambda message: len(message.receipts) == 2)
    assert [receipt.answered for receipt in message.receipts] == [None, None]


def test_a_host_name_no_resolver_takes_is_given_up(client: Client, simulator: Simulator) -> None:
    client.send(callback="http://" + "x" * 64 + ".example/")
    simulator.messages.wait_for(lambda message: len(message.receipts) == 2)


def test_nothing_is_sent_before_the_phones_delay(
    client: Client, simulator: Simulator, app: ListeningApp
) -> None:
    simulator.knobs.set(send_delay_seconds=0.2)
    client.send(callback=app.url)
    (message,) = simulator.messages
    assert message.sent_at is None
    app.wait_for(2)
    assert message.sent_at is not None
    assert (message.sent_at - message.taken_at).total_seconds() >= 0.2


def test_a_reply_is_forwarded_signed_and_with_the_newest_ref(
    client: Client, simulator: Simulator, app: ListeningApp
) -> None:
    registered = client.vendor("PUT", "/webhooks", {"url": app.url + "/hook", "enabled": True})
    assert registered.status_code == 200
    client.send(ref="older")
    client.send(ref="newer")
    client.send(ref="another's", to="+447700900999")
    assert (
        client.control("POST", "/sim/replies", {"from": NUMBER, "text": "STOP ✋"}).json()["forwarded"]
        is True
    )
    (heard,) = app.wait_for(1)
    assert heard.path == "/hook"
    assert heard.headers["X-MAC-Signature"] == signature(heard)
    event = json.loads(heard.body)
    assert event.keys() == {
        *("event", "from", "to", "text", "ref", "receivedAt", "deviceId", "tenantId", "tenantName"),
    }
    assert (event["event"], event["from"], event["text"], event["ref"]) == (
        "message.received",
        "447700900123",
        "STOP ✋",
        "newer",
    )
    assert event["to"].isdecimal()
    assert event["deviceId"].startswith("dev_")
    assert event["tenantId"].startswith("ten_")


def test_a_reply_from_a_stranger_has_no_ref(client: Client, simulator: Simulator, app: ListeningApp) -> None:
    client.vendor("PUT", "/webhooks", {"url": app.url, "enabled": True})
    simulator.reply("+447700900777", "who is this?")
    assert json.loads(app.wait_for(1)[0].body)["ref"] is None


def test_a_disabled_webhook_hears_nothing(client: Client, simulator: Simulator, app: ListeningApp) -> None:
    client.vendor("PUT", "/webhooks", {"url": app.url + "/off", "enabled": False})
    assert (
        client.control("POST", "/sim/replies", {"from": NUMBER, "text": "hello"}).json()["forwarded"] is False
    )
    client.vendor("PUT", "/webhooks", {"url": app.url + "/on", "enabled": True})
    simulator.reply(NUMBER, "hello again")
    assert [post.path for post in app.wait_for(1)] == ["/on"]


def test_without_a_secret_nothing_is_signed(app: ListeningApp) -> None:
    with Simulator(webhook_url=app.url) as simulator:
        simulator.reply(NUMBER, "hello")
        (heard,) = app.wait_for(1)
    assert "X-MAC-Signature" not in heard.headers
