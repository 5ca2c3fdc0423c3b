"""A thousand texts by one request: one transaction, each judged in its place, one answer for ever."""

from collections.abc import Sequence
from typing import Any

import pytest
from falcon import App
from falcon.testing import Result
from sqlalchemy import event, update
from sqlalchemy.exc import OperationalError

from api.app import create_app
from otp_worker.domain.limits import Limit, Rate
from otp_worker.store.schema import idempotency_keys
from tests.api.client import Caller, problem
from tests.api.message_caller import texting
from tests.api.service import Service
from tests.contract.service import NUMBER

BATCH = "/v1/messages/batch"


@pytest.fixture
def shop(app: "App[Any, Any]", service: Service) -> Caller:
    service.announce_seal_keys()
    return texting(app, service)


def item(n: int, **fields: object) -> dict[str, object]:
    return {"to": f"+4474001{n:05}", "text": f"text number {n}", **fields}


def ask(caller: Caller, items: Sequence[object], key: str | None = None) -> Result:
    headers = {"Idempotency-Key": key} if key else None
    return caller.simulate_post(BATCH, json={"messages": items}, headers=headers)


def test_a_bad_one_is_answered_in_its_place_and_the_others_are_sent(shop: Caller, service: Service) -> None:
    items = [item(1), {"to": "+4420", "text": "x"}, "no object", item(2, text=""), {"to": NUMBER}, item(3)]
    answer = ask(shop, items)
    assert answer.status_code == 202, answer.text
    assert (answer.json["accepted"], answer.json["refused"]) == (2, 4)
    results = answer.json["results"]
    assert [bool(each["message"]) for each in results] == [True, False, False, False, False, True]
    assert [each["problem"]["errors"][0]["field"] for each in results[1:5]] == ["to", "body", "text", "text"]
    service.deliver_queued()
    assert [each.text for each in service.gateway.messages] == ["text number 1", "text number 3"]


def test_a_thousand_are_one_transaction(shop: Caller, service: Service) -> None:
    commits = []
    event.listen(service.db.engine, "commit", lambda connection: commits.append(1))
    answer = ask(shop, [item(n) for n in range(1000)])
    assert answer.json["accepted"] == 1000
    assert service.count("verifications") == service.count("deliveries") == 1000
    assert len(service.queue) == len(set(service.queue)) == 1000
    assert len(commits) == 1


@pytest.mark.parametrize("number", [0, 1001])
def test_none_and_too_many_are_refused(shop: Caller, service: Service, number: int) -> None:
    answer = ask(shop, [item(n) for n in range(number)])
    assert problem(answer) == (422, "invalid_field")
    assert answer.json["errors"][0]["field"] == "messages"
    assert service.count("verifications") == 0


@pytest.mark.parametrize("body", [{}, {"messages": None}, {"messages": {}}, {"messages": [{}], "more": 1}])
def test_what_is_no_batch_is_refused(shop: Caller, body: object) -> None:
    assert problem(shop.simulate_post(BATCH, json=body)) == (422, "invalid_field")


def test_a_repeated_request_repeats_the_whole_answer(shop: Caller, service: Service) -> None:
    items = [item(1), {"to": "+4420", "text": "x"}, item(2)]
    first = ask(shop, items, "b-1")
    again = ask(shop, items, "b-1")
    assert again.text == first.text
    assert again.headers["Idempotent-Replayed"] == "true"
    assert service.count("verifications") == 2
    assert problem(ask(shop, items[:1], "b-1")) == (422, "invalid_field")


def test_one_whose_process_died_right_after_has_its_answer(
    shop: Caller, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise SystemExit

    with monkeypatch.context() as dying:
        dying.setattr("otp_worker.issue.idempotency.Idempotency._remember", die)
        dying.setattr("otp_worker.issue.writer.SendWriter._publish", die)
        with pytest.raises(SystemExit):
            ask(shop, [item(1), item(2)], "b-1")
    again = ask(shop, [item(1), item(2)], "b-1")
    assert again.json["accepted"] == 2
    assert again.headers["Idempotent-Replayed"] == "true"
    assert service.count("verifications") == 2


def test_one_that_is_being_written_elsewhere_is_in_flight(shop: Caller, service: Service) -> None:
    ask(shop, [item(1)], "b-1")
    with service.db.write() as connection:
        connection.execute(update(idempotency_keys).values(answer=None))
    assert problem(ask(shop, [item(1)], "b-1")) == (409, "request_in_flight")


def test_several_to_one_number_are_counted_one_after_another(service: Service) -> None:
    limited = Service(service.db, limits={Limit.NUMBER: (Rate(2, 600),)})
    limited.announce_seal_keys()
    shop = texting(create_app(limited.intake()), limited)
    answer = ask(shop, [item(1), item(1), item(2), item(1)])
    kinds = [(each["problem"] or {}).get("type", "")[-13:] for each in answer.json["results"]]
    assert kinds == ["", "", "", "limit_reached"]
    assert answer.json["results"][3]["retry_at"]
    assert [each["left"] for each in answer.json["results"][1]["message"]["limits"]] == [0]
    assert service.count("verifications") == 3


def test_with_a_limit_on_the_key_no_more_are_accepted_than_it_allows(service: Service) -> None:
    limited = Service(service.db, limits={Limit.KEY: (Rate(3, 600),)})
    limited.announce_seal_keys()
    shop = texting(create_app(limited.intake()), limited)
    answer = ask(shop, [item(n) for n in range(5)])
    assert (answer.json["accepted"], answer.json["refused"]) == (3, 2)
    assert service.count("verifications") == 3


def test_if_the_transaction_fails_nothing_is_accepted(
    shop: Caller, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OperationalError("INSERT", {}, Exception("disk I/O error"))

    monkeypatch.setattr("otp_worker.store.issue.insert_deliveries", fail)
    assert problem(ask(shop, [item(1), item(2)], "b-1")) == (503, "database_away")
    monkeypatch.undo()
    assert service.count("verifications") == 0
    assert ask(shop, [item(1), item(2)], "b-1").json["accepted"] == 2


def test_a_revoked_key_has_nothing_sent(shop: Caller, service: Service) -> None:
    assert ask(shop, [item(1)]).status_code == 202
    service.revoke_every_key()
    assert problem(ask(shop, [item(2)])) == (401, "unauthenticated")


def test_no_answer_and_no_row_holds_a_text(shop: Caller, service: Service) -> None:
    answer = ask(shop, [item(1, text="secret words"), item(2, text="secret words\x00")], "b-1")
    assert "secret words" not in answer.text
    assert b"secret words" not in service.db_bytes()
