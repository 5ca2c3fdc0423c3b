"""The SMSGate profile's webhooks: one for each event, and what is posted to it, signed."""

import json
from collections.abc import Iterator

import pytest

from otp_worker.devtools.simulator import Simulator
from otp_worker.devtools.simulator.profiles.smsgate_events import sign
from otp_worker.devtools.simulator.profiles.smsgate_requests import DEVICE
from tests.devtools.simulator.rehearsal import NUMBER, Heard, ListeningApp
from tests.devtools.simulator.smsgate import KEY, ask, register, send

SIM_NUMBER = "+447700900000"
SECRET = "key-of-the-app"


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(key=KEY, profile="smsgate", webhook_secret=SECRET) as running:
        yield running


def told(heard: Heard) -> dict[str, object]:
    """What a post says beside its own id, the instant put away."""
    body: dict[str, object] = json.loads(heard.body)
    assert body.pop("id")
    payload = body["payload"]
    assert isinstance(payload, dict)
    (name,) = {"sentAt", "deliveredAt", "failedAt", "receivedAt"} & payload.keys()
    assert payload.pop(name).endswith("Z")
    return body | {"instant": name}


def test_each_event_goes_to_the_webhook_that_is_registered_for_it(
    simulator: Simulator, app: ListeningApp
) -> None:
    hooks = {
        event: register(simulator, event, f"{app.url}/{event[4:]}") for event in ("sms:sent", "sms:failed")
    }
    simulator.knobs.set(receipts=["sent", "delivered", "failed"])
    send(simulator, id="ver_1.1", simNumber=2)
    sent, failed = app.wait_for(2)
    assert (sent.path, failed.path) == ("/sent", "/failed")
    about = {
        "messageId": "ver_1.1",
        "sender": SIM_NUMBER,
        "recipient": NUMBER,
        "phoneNumber": NUMBER,
        "simNumber": 2,
    }
    assert told(sent) == {
        "webhookId": hooks["sms:sent"],
        "deviceId": DEVICE,
        "event": "sms:sent",
        "payload": about | {"partsCount": 1},
        "instant": "sentAt",
    }
    assert told(failed) == {
        "webhookId": hooks["sms:failed"],
        "deviceId": DEVICE,
        "event": "sms:failed",
        "payload": about | {"reason": "Send result: a guess"},
        "instant": "failedAt",
    }


def test_an_sms_that_comes_in_goes_to_its_webhook(simulator: Simulator, app: ListeningApp) -> None:
    hook = register(simulator, "sms:received", f"{app.url}/in")
    simulator.reply(NUMBER, "hello")
    (heard,) = app.wait_for(1)
    body = told(heard)
    payload = body["payload"]
    assert isinstance(payload, dict)
    assert len(payload.pop("messageId")) == 8
    assert (body["webhookId"], body["event"], body["instant"]) == (hook, "sms:received", "receivedAt")
    assert payload == {
        "sender": NUMBER,
        "recipient": SIM_NUMBER,
        "phoneNumber": NUMBER,
        "simNumber": 1,
        "message": "hello",
    }


def test_whether_an_sms_is_forwarded_is_told_by_whether_a_webhook_hears_of_it(
    simulator: Simulator, app: ListeningApp
) -> None:
    register(simulator, "sms:sent", app.url)
    simulator.reply(NUMBER, "nobody hears")
    register(simulator, "sms:received", app.url)
    simulator.reply(NUMBER, "somebody hears")
    assert [reply.forwarded for reply in simulator.messages.replies()] == [False, True]


def test_the_simulators_own_webhook_hears_of_what_no_other_does(
    simulator: Simulator, app: ListeningApp
) -> None:
    simulator.webhook_url = f"{app.url}/all"
    register(simulator, "sms:delivered", f"{app.url}/delivered")
    send(simulator)
    simulator.reply(NUMBER, "hello")
    assert sorted(heard.path for heard in app.wait_for(3)) == ["/all", "/all", "/delivered"]


def test_the_newest_webhook_of_an_event_hears_of_it_until_it_is_deleted(
    simulator: Simulator, app: ListeningApp
) -> None:
    register(simulator, "sms:received", f"{app.url}/older", id="older")
    register(simulator, "sms:received", f"{app.url}/newer", id="newer")
    simulator.reply(NUMBER, "one")
    app.wait_for(1)
    listed = ask(simulator, "GET", "/webhooks").json()
    assert ask(simulator, "DELETE", "/webhooks/newer").status_code == 204
    simulator.reply(NUMBER, "two")
    assert [hook["id"] for hook in listed] == ["older", "newer"]
    assert [heard.path for heard in app.wait_for(2)] == ["/newer", "/older"]


@pytest.mark.parametrize(
    "wrong",
    [{"event": "sms:lost"}, {"event": ["sms:sent"]}, {"url": "ftp://app.example"}, {"deviceId": "another"}],
)
def test_a_wrong_webhook_is_named_and_not_registered(simulator: Simulator, wrong: dict[str, object]) -> None:
    body = {"event": "sms:sent", "url": "http://app.example/", "deviceId": DEVICE, **wrong}
    answer = ask(simulator, "POST", "/webhooks", body)
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("failed to validate: " + next(iter(wrong)))
    assert ask(simulator, "GET", "/webhooks").json() == []


def test_a_post_is_signed_over_its_body_and_its_timestamp(simulator: Simulator, app: ListeningApp) -> None:
    simulator.webhook_url = app.url
    simulator.reply(NUMBER, "hello")
    (heard,) = app.wait_for(1)
    assert heard.headers["X-Signature"] == sign(SECRET, heard.body, heard.headers["X-Timestamp"])
    received_at = simulator.messages.replies()[0].received_at
    assert heard.headers["X-Timestamp"] == str(int(received_at.timestamp()))


def test_without_a_secret_nothing_is_signed(app: ListeningApp) -> None:
    with Simulator(key=KEY, profile="smsgate", webhook_url=app.url) as simulator:
        simulator.reply(NUMBER, "hello")
        (heard,) = app.wait_for(1)
    assert not {"X-Signature", "X-Timestamp"} & heard.headers.keys()
