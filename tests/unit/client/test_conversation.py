"""How a call goes, try by try: no network, and a clock that only the test moves."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from otp_worker.client import calls
from otp_worker.client.answers import Answer
from otp_worker.client.conversation import Conversation, Done, Lost, Pause, Retry, T, Try
from otp_worker.client.errors import (
    DatabaseUnavailableError,
    NoAnswerError,
    OtpClientError,
    RequestInFlightError,
    TooSoonError,
    UnexpectedAnswerError,
)
from tests.unit.client.answers import ACCEPTED, CHECKED, VERIFICATION, answer, problem

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ID = VERIFICATION["id"]
LOST = Lost("otp-worker did not answer (ReadTimeout)", sent=True)
UNREACHED = Lost("otp-worker cannot be reached (ConnectError)", sent=False)
AWAY = problem(503, "database_away", "1")
SENT = answer(202, ACCEPTED)
RIGHT = answer(200, CHECKED)


class World:
    """A network that answers as it is told, and the time that passes over it."""

    def __init__(
        self, call: calls.Call[T], outcomes: Iterable[Answer | Lost], retry: Retry | None = None
    ) -> None:
        self.seconds = 0.0
        self.try_takes = 0.0
        self.tries: list[Try] = []
        self.pauses: list[float] = []
        self.outcomes = list(outcomes)
        self.conversation = Conversation(
            call,
            retry or Retry(),
            monotonic=lambda: self.seconds,
            now=lambda: NOON + timedelta(seconds=self.seconds),
            chance=lambda: 1.0,
        )

    def run(self) -> object:
        """What the call returns, or raises."""
        while True:
            self.tries.append(self.conversation.next_try())
            self.seconds += min(self.try_takes, self.tries[-1].seconds)
            step = self.conversation.after(self.outcomes.pop(0))
            if isinstance(step, Done):
                return step.value
            self.pauses.append(step.seconds)
            self.seconds += step.seconds


def fails(world: World) -> OtpClientError:
    """The error that a call ends in."""
    with pytest.raises(OtpClientError) as raised:
        world.run()
    return raised.value


@pytest.mark.parametrize(
    "first", [LOST, UNREACHED, AWAY, answer(502, "bad gateway"), problem(409, "request_in_flight", "1")]
)
def test_a_send_is_repeated_under_the_same_key(first: Answer | Lost) -> None:
    world = World(calls.send("+447400123456"), [first, SENT])
    world.run()
    one, two = (each.headers for each in world.tries)
    assert one["Idempotency-Key"] == two["Idempotency-Key"]
    assert one["X-Request-Id"] == two["X-Request-Id"]


def test_each_call_has_a_key_of_its_own_unless_it_is_given_one() -> None:
    keys = {calls.send("+447400123456").idempotency_key for _ in range(3)}
    assert len(keys) == 3
    assert calls.resend(ID, idempotency_key="order-1").idempotency_key == "order-1"
    with pytest.raises(ValueError, match="printable ASCII"):
        calls.send("+447400123456", idempotency_key="two words")


@pytest.mark.parametrize(
    "call",
    [calls.check(ID, "123456"), calls.check_number("+447400123456", "123456"), calls.invite("+447400123456")],
)
@pytest.mark.parametrize("outcome", [LOST, answer(502, ""), answer(504, "")])
def test_what_may_have_counted_is_not_repeated(call: calls.Call[object], outcome: Answer | Lost) -> None:
    world = World(call, [outcome])
    fails(world)
    assert len(world.tries) == 1


@pytest.mark.parametrize("undone", [UNREACHED, AWAY, answer(503, ""), problem(429, "slow_bodies", "1")])
def test_a_check_that_nobody_judged_is_repeated(undone: Answer | Lost) -> None:
    assert World(calls.check(ID, "123456"), [undone, RIGHT]).run()


@pytest.mark.parametrize(
    "code", ["too_soon", "limit_reached", "number_locked", "sends_paused", "number_reported"]
)
def test_what_is_for_a_person_is_told_at_once(code: str) -> None:
    world = World(calls.send("+447400123456"), [problem(429, code, "1")])
    assert fails(world).__class__.__name__ != "ProblemError"
    assert len(world.tries) == 1


def test_it_is_told_from_when_on_it_can_be_tried() -> None:
    error = fails(World(calls.resend(ID), [problem(429, "too_soon", "12")]))
    assert isinstance(error, TooSoonError)
    assert error.retry_at == NOON + timedelta(seconds=12)


def test_retry_after_may_be_a_date() -> None:
    error = fails(World(calls.resend(ID), [problem(429, "too_soon", "Sun, 01 Mar 2026 12:00:30 GMT")]))
    assert isinstance(error, TooSoonError)
    assert error.retry_at == NOON + timedelta(seconds=30)


@pytest.mark.parametrize("value", ["soon", "-3", "1.5", "\u0661"])
def test_a_retry_after_that_is_none_says_nothing(value: str) -> None:
    error = fails(World(calls.resend(ID), [problem(429, "too_soon", value)]))
    assert isinstance(error, TooSoonError)
    assert error.retry_at is None


def test_pauses_double_up_to_a_bound_and_come_on_top_of_retry_after() -> None:
    retry = Retry(tries=6, total_seconds=100, first_pause_seconds=0.5, longest_pause_seconds=3)
    world = World(calls.get(ID), [UNREACHED] * 5 + [answer(200, VERIFICATION)], retry)
    world.run()
    assert world.pauses == [0.5, 1.0, 2.0, 3.0, 3.0]
    asked = World(calls.get(ID), [problem(503, "database_away", "2"), answer(200, VERIFICATION)])
    asked.run()
    assert asked.pauses == [2.25]


def test_a_pause_is_drawn_by_chance() -> None:
    drawn = Conversation(calls.get(ID), Retry(first_pause_seconds=2), chance=lambda: 0.25)
    drawn.next_try()
    assert drawn.after(UNREACHED) == Pause(0.5)


def test_the_tries_end() -> None:
    world = World(calls.get(ID), [UNREACHED] * 4)
    error = fails(world)
    assert isinstance(error, NoAnswerError)
    assert (len(world.tries), error.may_have_happened) == (4, False)


def test_the_whole_call_has_one_time() -> None:
    world = World(calls.get(ID), [LOST] * 9, Retry(tries=9, try_seconds=5, total_seconds=12))
    world.try_takes = 60
    fails(world)
    assert [each.seconds for each in world.tries] == [5, 5, pytest.approx(12 - 10 - 0.75)]
    assert world.seconds <= 12


def test_a_pause_that_ends_after_the_time_is_not_begun() -> None:
    world = World(calls.send("+447400123456"), [problem(503, "database_away", "3600")])
    assert isinstance(fails(world), DatabaseUnavailableError)
    assert world.seconds == 0


def test_it_says_whether_it_may_have_happened() -> None:
    lost_first = fails(World(calls.send("+447400123456"), [LOST, UNREACHED, UNREACHED, UNREACHED]))
    assert isinstance(lost_first, NoAnswerError)
    assert lost_first.may_have_happened
    assert lost_first.request_id


def test_the_last_error_is_the_one_that_is_raised() -> None:
    outcomes: list[Answer | Lost] = [
        UNREACHED,
        *[problem(409, "request_in_flight", "1", request_id="req_1")] * 3,
    ]
    error = fails(World(calls.send("+447400123456"), outcomes))
    assert isinstance(error, RequestInFlightError)
    assert error.request_id == "req_1"


@pytest.mark.parametrize("body", ["[]", "{}", "<html>", "", '{"id": 1}'])
def test_a_200_of_somebody_else_is_no_result(body: str) -> None:
    somebody = Answer(200, {"Content-Type": "text/html"}, body.encode())
    error = fails(World(calls.check(ID, "123456"), [somebody]))
    assert isinstance(error, UnexpectedAnswerError)
    assert (error.status, error.__cause__) == (200, None)


@pytest.mark.parametrize("status", [301, 404, 500])
def test_a_page_of_a_proxy_is_no_problem_of_the_service(status: int) -> None:
    error = fails(World(calls.get(ID), [Answer(status, {"Content-Type": "text/html"}, b"<html>")]))
    assert isinstance(error, UnexpectedAnswerError)
    assert (error.status, "proxy" in str(error)) == (status, True)


@pytest.mark.parametrize("retry", [{"tries": 0}, {"try_seconds": 0}, {"total_seconds": -1}])
def test_a_call_without_a_try_is_none(retry: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="at least one try"):
        Retry(**retry)


@pytest.mark.parametrize(
    "verification_id", ["", "..", "../v1/admin/pauses", "ver_1/check", "ver_1?x=1", "a" * 65]
)
def test_what_cannot_be_an_id_leads_nowhere(verification_id: str) -> None:
    for call in (calls.get, calls.cancel, calls.timeline, calls.resend):
        with pytest.raises(OtpClientError, match="no such verification"):
            call(verification_id)
