"""What the client asks for and how it reads the answers."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests

from otp_worker.devtools.chaos.client import Client
from otp_worker.devtools.chaos.doors import PLAIN, Door, Wish
from otp_worker.devtools.chaos.history import History
from otp_worker.devtools.chaos.load import Errand, Load

ONE, OTHER = "+447400000001", "+447400000002"
MESSAGE = Wish(Door.MESSAGE, {"text": "Your table is ready."})
PAYMENT = Wish(Door.PAYMENT, {"amount": "12.50", "currency": "GBP", "payee": "Corner Shop"})


def answer(status: int, body: object) -> requests.Response:
    found = requests.Response()
    found.status_code, found._content = status, json.dumps(body).encode()
    return found


class Intake(Client):
    """Gives these answers, in order; ``asked`` is what it was asked."""

    def __init__(self, history: History, *answers: requests.Response | None) -> None:
        super().__init__("http://127.0.0.1:1", "key", history)
        self.answers = list(answers)
        self.asked: list[tuple[str, Any, str | None]] = []

    def post(self, path: str, body: object, key: str | None = None) -> requests.Response | None:
        self.asked.append((path, body, key))
        return self.answers.pop(0)


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    with closing(History(tmp_path / "history.jsonl")) as opened:
        yield opened


def test_each_wish_goes_to_its_door_and_a_message_is_asked_for_under_a_key(history: History) -> None:
    intake = Intake(history, *[answer(202, {"id": "1"})] * 3)
    for wish in (PLAIN, PAYMENT, MESSAGE):
        assert intake.send(ONE, wish=wish).wish is wish
    assert intake.asked == [
        ("/v1/verifications", {"to": ONE}, None),
        ("/v1/verifications", {"to": ONE, **PAYMENT.fields}, None),
        ("/v1/messages", {"to": ONE, "text": "Your table is ready."}, ONE),
    ]


@pytest.mark.parametrize(
    ("status", "refused", "failed"), [(422, 422, None), (503, None, 503), (409, None, None)]
)
def test_a_request_in_flight_may_take_place(
    history: History, status: int, refused: int | None, failed: int | None
) -> None:
    asked = Intake(history, answer(status, {})).send(ONE, wish=MESSAGE)
    assert (asked.refused, asked.failed, asked.accepted_at) == (refused, failed, None)


def test_each_message_of_a_batch_has_its_own_answer(history: History) -> None:
    results = [{"message": {"id": "msg_1"}, "problem": None}, {"message": None, "problem": {"status": 429}}]
    intake = Intake(history, answer(202, {"results": results}))
    one, other = intake.send_batch([(ONE, MESSAGE), (OTHER, MESSAGE)])
    assert (one.number, one.verification_id, one.refused) == (ONE, "msg_1", None)
    assert (other.number, other.verification_id, other.refused) == (OTHER, None, 429)
    assert intake.requests == [one, other]
    (path, body, key) = intake.asked[0]
    assert (path, [each["to"] for each in body["messages"]], key) == ("/v1/messages/batch", [ONE, OTHER], ONE)


def test_a_batch_without_an_answer_is_asked_for_again_under_its_key(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("otp_worker.devtools.chaos.load.AGAIN_SECONDS", 0.0)
    results = [{"message": {"id": f"msg_{number}"}, "problem": None} for number in (1, 2)]
    intake = Intake(history, None, answer(202, {"results": results}))
    load = Load(intake, [])
    errand = Errand(0.0, [(ONE, MESSAGE), (OTHER, MESSAGE)], None, 0.0)
    load._send(errand, 1)
    load._send(errand, 2)
    assert [each.verification_id for each in intake.requests] == [None, None, "msg_1", "msg_2"]
    assert intake.asked[0] == intake.asked[1]


def test_a_message_is_called_back_at_its_own_door(history: History) -> None:
    intake = Intake(history, answer(200, {}), answer(200, {}))
    intake.ask("cancel", "msg_1")
    intake.ask("cancel", "ver_1")
    assert [path for path, _, _ in intake.asked] == [
        "/v1/messages/msg_1/cancel",
        "/v1/verifications/ver_1/cancel",
    ]
