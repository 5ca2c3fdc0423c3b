"""The SMSGate profile answers as the vendor's sources show it, beyond what its adapter asks."""

from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, BrokenBarrierError
from typing import Any

import pytest
import requests

from otp_worker.devtools.simulator import Message, Simulator
from otp_worker.devtools.simulator import messages as simulator_messages
from otp_worker.devtools.simulator.profiles.smsgate_requests import DEVICE
from tests.devtools.simulator.rehearsal import NUMBER
from tests.devtools.simulator.smsgate import KEY, ask, send, state
from tests.waiting import awaited


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(key=KEY, profile="smsgate") as running:
        yield running


def test_a_message_is_taken_with_202_under_its_own_id(simulator: Simulator) -> None:
    simulator.knobs.set(send_delay_seconds=3600)
    answer = send(simulator, id="ver_1.1", ttl=60, simNumber=2)
    (taken,) = simulator.messages
    assert answer.status_code == 202
    assert answer.json() == {
        "id": "ver_1.1",
        "deviceId": DEVICE,
        "state": "Pending",
        "isHashed": False,
        "isEncrypted": False,
        "recipients": [{"phoneNumber": NUMBER, "state": "Pending"}],
        "states": {"Pending": answer.json()["states"]["Pending"]},
    }
    assert (taken.id, taken.ref, taken.sim, taken.life_seconds) == ("ver_1.1", "ver_1.1", "2", 60.0)


def test_a_message_without_an_id_is_given_one(simulator: Simulator) -> None:
    ids = {send(simulator).json()["id"] for _ in range(2)}
    assert ids == {message.id for message in simulator.messages}
    assert len(ids) == 2


def test_an_id_is_taken_once_by_however_many_at_a_time(simulator: Simulator) -> None:
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: send(simulator, id="ver_1.1"), range(16)))
    assert sorted(answer.status_code for answer in answers) == [202] + [409] * 15
    assert {answer.json()["message"] for answer in answers if answer.status_code == 409} == {
        "message with the same ID already exists"
    }
    assert len(simulator.messages) == 1


def test_two_that_ask_for_one_id_at_the_same_moment_do_not_both_get_it(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    both, look_up = Barrier(2), simulator.messages.find

    def find(message_id: str) -> Message | None:
        found = look_up(message_id)
        # Where both can look before either has taken, they meet here.
        with suppress(BrokenBarrierError):
            both.wait(0.2)
        return found

    monkeypatch.setattr(simulator.messages, "find", find)
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: send(simulator, id="ver_1.1"), range(2)))
    assert sorted(answer.status_code for answer in answers) == [202, 409]


def test_what_is_forgotten_is_not_found_and_its_id_is_free(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(simulator_messages, "KEPT", 1)
    send(simulator, id="ver_1.1")
    send(simulator, id="ver_2.1")
    assert ask(simulator, "GET", "/messages/ver_1.1").status_code == 404
    simulator.messages.clear()
    assert send(simulator, id="ver_2.1").status_code == 202


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", "i" * 37),
        ("id", 7),
        ("deviceId", "d" * 22),
        ("textMessage", None),
        ("textMessage", "a text"),
        ("textMessage", {"text": ""}),
        ("phoneNumbers", []),
        ("phoneNumbers", NUMBER),
        ("phoneNumbers", [7]),
        ("simNumber", 4),
        ("simNumber", "1"),
        ("ttl", 4),
        ("ttl", 5.5),
        ("priority", 128),
        ("withDeliveryReport", "yes"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_taken(simulator: Simulator, field: str, value: Any) -> None:
    answer = send(simulator, **{field: value})
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("failed to validate: " + field)
    assert len(simulator.messages) == 0


@pytest.mark.parametrize("fields", [{"id": "i" * 36}, {"ttl": 5}, {"priority": -128}, {"simNumber": None}])
def test_the_longest_and_the_least_are_taken(simulator: Simulator, fields: dict[str, Any]) -> None:
    assert send(simulator, **fields).status_code == 202


@pytest.mark.parametrize(
    ("knob", "value", "status", "words"),
    [
        ("suspended", True, 403, "scope required"),
        ("throttle", True, 503, "queue limits exceeded"),
        ("refuse", [NUMBER], 400, "invalid phone number"),
    ],
)
def test_a_knob_refuses_in_the_vendors_words(
    simulator: Simulator, knob: str, value: object, status: int, words: str
) -> None:
    simulator.knobs.set(**{knob: value})
    answer = send(simulator)
    assert (answer.status_code, words in answer.json()["message"]) == (status, True)
    assert len(simulator.messages) == 0


@pytest.mark.parametrize("query", ["", "?deviceActiveWithin=1"])
def test_another_phone_is_not_found(simulator: Simulator, query: str) -> None:
    answer = send(simulator, query, deviceId="another")
    assert (answer.status_code, answer.json()) == (
        400,
        {"message": "failed to select device: record not found"},
    )


def test_a_phone_that_is_away_is_not_chosen_where_an_active_one_is_asked_for(simulator: Simulator) -> None:
    simulator.knobs.set(offline=True)
    refused = send(simulator, "?deviceActiveWithin=1")
    assert (refused.status_code, "failed to select device" in refused.text) == (400, True)
    assert send(simulator, "?deviceActiveWithin=0").status_code == 202


def test_what_was_taken_while_the_phone_was_away_is_sent_when_it_is_back(simulator: Simulator) -> None:
    simulator.knobs.set(offline=True)
    send(simulator, id="ver_1.1", ttl=60)
    assert state(simulator, "ver_1.1")["state"] == "Pending"
    simulator.knobs.set(offline=False)
    assert awaited(lambda: state(simulator, "ver_1.1")["state"] == "Delivered")


def test_a_message_whose_life_is_over_before_the_phone_sends_fails_unsent(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulator.knobs.set(offline=True)
    send(simulator, id="ver_1.1", ttl=5)
    (message,) = simulator.messages
    monkeypatch.setattr(message, "life_seconds", 0.0)
    simulator.knobs.set(offline=False)
    assert awaited(lambda: state(simulator, "ver_1.1")["state"] == "Failed")
    assert message.sent_at is None
    assert state(simulator, "ver_1.1")["recipients"] == [
        {"phoneNumber": NUMBER, "state": "Failed", "error": "TTL expired"}
    ]


def test_a_message_is_shown_with_every_state_it_came_to(simulator: Simulator) -> None:
    simulator.knobs.set(receipts=["sent", "failed", "a word of another gateway"])
    send(simulator, id="ver_1.1")
    shown = state(simulator, "ver_1.1")
    assert (shown["state"], list(shown["states"])) == ("Failed", ["Pending", "Sent", "Failed"])


@pytest.mark.parametrize(
    ("method", "path", "message"),
    [
        ("GET", "/messages/unknown", "message not found"),
        ("GET", "/messages/", "message not found"),
        ("PUT", "/messages", "Cannot PUT /3rdparty/v1/messages"),
        ("GET", "/nothing", "Cannot GET /3rdparty/v1/nothing"),
    ],
)
def test_anything_else_is_not_found(simulator: Simulator, method: str, path: str, message: str) -> None:
    answer = ask(simulator, method, path)
    assert (answer.status_code, answer.json()) == (404, {"message": message})


@pytest.mark.parametrize(
    "header",
    [
        *(None, "", "Basic", "Basic !", "Basic c21zOm90aGVy"),
        *(f"Bearer {b64encode(KEY.encode()).decode()}", f"Bearer {KEY}", f"Basic {KEY}"),
    ],
)
@pytest.mark.parametrize("path", ["/devices", "/messages/ver_1.1", "/webhooks", "/nothing"])
def test_without_the_key_nothing_is_told(simulator: Simulator, header: str | None, path: str) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = requests.get(simulator.url + path, headers=headers, timeout=10)
    assert (answer.status_code, answer.json()) == (401, {"message": "Unauthorized"})


def test_the_servers_health_needs_no_key(simulator: Simulator) -> None:
    answer = requests.get(f"{simulator.url}/health", timeout=10)
    assert (answer.status_code, answer.json()["status"]) == (200, "pass")


def test_the_phone_is_listed_with_its_sim(simulator: Simulator) -> None:
    (phone,) = ask(simulator, "GET", "/devices").json()
    assert phone["id"] == DEVICE
    assert phone["simCards"] == [{"slotIndex": 0, "simNumber": 1, "phoneNumber": "****0000"}]
