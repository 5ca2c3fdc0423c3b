"""The limits of a plain start, of which nothing was configured."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from requests import Response
from sqlalchemy import func, select

from otp_worker.devtools.processes.stack import READY_SECONDS, WIDE_LIMITS, answers, planned_stack
from otp_worker.store.schema import deliveries
from tests.acceptance.shop import Shop, fresh_number

PARALLEL = 100


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Intake of two processes, with its broker, and nobody who sends anything."""
    folder = tmp_path_factory.mktemp("limits")
    with planned_stack(folder, f"sqlite:///{folder}/otp.db") as stack:
        for variable in WIDE_LIMITS:
            del stack.settings[variable]
        stack.prepare()
        stack.start("web")
        stack.fleet.await_ready("web", lambda: answers(f"{stack.url}/healthz"), READY_SECONDS)
        yield Shop(stack)


def together(shop: Shop, body: dict[str, object]) -> list[Response]:
    """A hundred times the same send, twenty at a time."""
    with ThreadPoolExecutor(20) as pool:
        return list(pool.map(lambda _: shop.call("POST", "/v1/verifications", body), range(PARALLEL)))


def test_a_hundred_sends_at_once_to_one_number_are_one_sms(shop: Shop) -> None:
    answers = together(shop, {"to": fresh_number()})
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert [answer.json()["resent"] for answer in answers].count(False) == 1
    with closing(shop.database()) as database, database.read() as connection:
        of_this_one = deliveries.c.verification_id == answers[0].json()["id"]
        assert connection.scalar(select(func.count()).where(of_this_one)) == 1


def test_of_a_hundred_new_codes_at_once_for_one_number_one_is_sent(shop: Shop) -> None:
    answers = together(shop, {"to": fresh_number(), "new": True})
    refused = [answer for answer in answers if answer.status_code == 429]
    assert len(refused) == PARALLEL - 1
    assert {answer.json()["limit"] for answer in refused} == {"number"}
    assert all(1 <= int(answer.headers["Retry-After"]) <= 30 for answer in refused)


def test_a_request_that_is_repeated_gets_one_answer(shop: Shop) -> None:
    number = fresh_number()
    headers = {"Idempotency-Key": f"sign-in {number}".replace(" ", "-")}
    assert shop.send(number, headers) == shop.send(number, headers)


def test_the_limits_hold_when_their_redis_is_gone(shop: Shop) -> None:
    known, unknown = fresh_number(), fresh_number()
    shop.send(known)
    shop.stack.broker.kill()
    try:
        assert shop.call("POST", "/v1/verifications", {"to": known, "new": True}).status_code == 429
        shop.send(unknown)
        assert shop.call("POST", "/v1/verifications", {"to": unknown, "new": True}).status_code == 429
    finally:
        shop.stack.broker.restart()
