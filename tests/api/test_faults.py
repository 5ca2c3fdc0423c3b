"""When something that the intake needs is away, and when it has a mistake of its own."""

import sqlite3
from contextlib import closing
from typing import Any, NoReturn

import pytest
from sqlalchemy import exc

from otp_worker.domain import request_deadline
from otp_worker.issue.idempotency import ANSWER_SECONDS
from otp_worker.store import api_keys, idempotency_keys, issue, verifications
from tests.api.client import ONE, Caller, problem
from tests.api.service import Service
from tests.contract.service import NUMBER, OFFLINE

STATEMENT = "INSERT INTO verifications (number, seed) VALUES (?, ?)"
PARAMETERS = (NUMBER, "123456")
AWAY = [exc.OperationalError, exc.InterfaceError, exc.InternalError]


def break_down(monkeypatch: pytest.MonkeyPatch, part: Any, name: str, error: Exception) -> None:
    """From now on, that part only raises."""

    def fail(*_arguments: object) -> NoReturn:
        raise error

    monkeypatch.setattr(part, name, fail)


@pytest.mark.parametrize("kind", AWAY, ids=lambda kind: kind.__name__)
def test_a_database_that_is_away_is_told_without_what_was_asked_of_it(
    shop: Caller, logged: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, kind: type[exc.DBAPIError]
) -> None:
    error = kind(STATEMENT, PARAMETERS, sqlite3.OperationalError(f"no route to db.internal for {NUMBER}"))
    break_down(monkeypatch, issue, "insert_verifications", error)
    answer = shop.send()
    assert problem(answer) == (503, "database_away")
    assert answer.headers["Retry-After"] == "1"
    for secret in ("INSERT", "db.internal", NUMBER, NUMBER[1:], "123456"):
        assert secret not in answer.text
        assert secret not in str([{**line, "request_id": ""} for line in logged])
    assert {"event": "database_away", "error": kind.__name__}.items() <= logged[-2].items()


def test_a_pool_without_a_free_connection_is_a_database_that_is_away(
    shop: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_down(monkeypatch, verifications, "find", exc.TimeoutError("QueuePool limit reached"))
    for answer in (shop.read("ver_" + "0" * 26), shop.resend("ver_" + "0" * 26)):
        assert problem(answer) == (503, "database_away")


def test_a_caller_cannot_be_known_while_the_database_is_away(
    shop: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = exc.OperationalError(STATEMENT, PARAMETERS, sqlite3.OperationalError("locked"))
    break_down(monkeypatch, api_keys, "find_key", error)
    assert problem(shop.send()) == (503, "database_away")


def test_the_database_itself_refusing_is_told_the_same_way(shop: Caller, service: Service) -> None:
    with service.db.write() as connection:
        connection.exec_driver_sql("DROP TABLE deliveries")
    assert problem(shop.send()) == (503, "database_away")


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError(f"cannot dial {NUMBER} with 123456"),
        exc.IntegrityError(STATEMENT, PARAMETERS, sqlite3.IntegrityError(f"({NUMBER}) exists")),
        KeyError(NUMBER),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_mistake_of_ours_is_told_by_its_request_id_alone(
    shop: Caller, logged: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    break_down(monkeypatch, issue, "insert_verifications", error)
    answer = shop.send()
    assert problem(answer) == (500, "unexpected")
    assert set(answer.json) == {"type", "title", "status", "detail", "request_id"}
    for secret in ("dial", "exists", "INSERT", "Traceback", type(error).__name__, NUMBER[1:]):
        assert secret not in answer.text
    [line] = [line for line in logged if line["event"] == "unexpected_error"]
    assert line["error"] == type(error).__name__
    assert line["request_id"] == answer.json["request_id"]
    assert "in issue" in line["where"]
    assert "dial" not in str(line["where"])


def test_the_next_request_is_answered_as_ever(shop: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        break_down(broken, issue, "insert_verifications", RuntimeError("once"))
        assert shop.send().status_code == 500
    assert shop.send().status_code == 202


def test_a_locked_database_is_told_within_the_requests_time_and_row_and_answer_agree(
    shop: Caller, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_deadline, "REQUEST_SECONDS", 0.2)
    path = str(service.db.engine.url.database)
    with closing(sqlite3.connect(path, isolation_level=None)) as another:
        another.execute("BEGIN IMMEDIATE")
        assert problem(shop.send()) == (503, "database_away")
        assert another.execute("SELECT count(*) FROM verifications").fetchone() == (0,)
    assert shop.send().status_code == 202


def test_what_is_written_is_a_202_although_its_answer_cannot_be_kept(
    shop: Caller, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = exc.OperationalError(STATEMENT, PARAMETERS, sqlite3.OperationalError("locked"))
    with monkeypatch.context() as broken:
        break_down(broken, idempotency_keys, "keep_answer", error)
        first = shop.simulate_post(ONE, json={"to": NUMBER}, headers={"Idempotency-Key": "order-1"})
    assert first.status_code == 202
    service.clock.move(ANSWER_SECONDS)
    again = shop.simulate_post(ONE, json={"to": NUMBER}, headers={"Idempotency-Key": "order-1"})
    assert (again.status_code, again.json["id"]) == (202, first.json["id"])
    assert service.count("verifications") == 1


def test_what_is_written_is_a_202_although_nobody_can_say_when_it_is_sent(
    shop: Caller, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.gateway.outcomes = [OFFLINE]
    for last in range(3):
        shop.sent(f"+44740012345{last}")
        service.deliver_queued()
    error = exc.OperationalError(STATEMENT, PARAMETERS, sqlite3.OperationalError("locked"))
    break_down(monkeypatch, verifications, "waiting_before", error)
    answer = shop.send("+447400123459")
    assert answer.status_code == 202
    assert answer.json["delivery"]["status"] == "waiting"
    assert answer.json["delivery"]["wait"] is None
