"""The clock that machines share, without any machine's wall clock."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Event, Thread

import pytest
import time_machine

from otp_worker.store.clock import ASK_EVERY_SECONDS, LONGEST_ANSWER_SECONDS, SharedClock

THERE = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class Time:
    """The monotonic time of this machine and the clock of another one."""

    def __init__(self) -> None:
        self.passed = 1000.0
        self.there: datetime | None = THERE
        self.answer_takes = 0.0
        self.questions = 0

    def monotonic(self) -> float:
        return self.passed

    def ask(self) -> datetime | None:
        self.questions += 1
        self.passed += self.answer_takes / 2
        answer = self.there
        self.passed += self.answer_takes / 2
        return answer


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def clock(time: Time) -> SharedClock:
    return SharedClock(time.ask, time.monotonic)


@pytest.mark.parametrize("hours", [-1, 2])
def test_this_machines_own_clock_may_be_wrong_or_stepped(time: Time, clock: SharedClock, hours: int) -> None:
    with time_machine.travel(THERE + timedelta(hours=hours), tick=False):
        assert clock() == THERE
        time.passed += 3
        assert clock() == THERE + timedelta(seconds=3)
    assert time.questions == 1


def test_it_is_asked_again_after_ten_seconds(time: Time, clock: SharedClock) -> None:
    clock()
    time.there = THERE + timedelta(seconds=60)
    time.passed += ASK_EVERY_SECONDS - 0.1
    assert clock() == THERE + timedelta(seconds=9.9)
    time.passed += 0.1
    assert clock() == time.there
    assert time.questions == 2


def test_an_answer_is_taken_to_be_read_halfway(time: Time, clock: SharedClock) -> None:
    time.answer_takes = 0.4
    assert clock() == THERE + timedelta(seconds=0.2)


def test_a_slow_answer_is_believed_only_where_there_is_none_yet(time: Time, clock: SharedClock) -> None:
    time.answer_takes = LONGEST_ANSWER_SECONDS + 0.1
    first = clock()
    assert first == THERE + timedelta(seconds=0.3)
    time.there = THERE + timedelta(hours=1)
    time.passed += ASK_EVERY_SECONDS
    assert clock() == first + timedelta(seconds=ASK_EVERY_SECONDS + 0.6)


def test_without_an_answer_it_goes_on_by_what_it_knows(time: Time, clock: SharedClock) -> None:
    clock()
    time.there = None
    time.passed += 600
    assert clock() == THERE + timedelta(seconds=600)


def test_before_the_first_answer_this_machines_clock_serves(time: Time, clock: SharedClock) -> None:
    time.there = None
    with time_machine.travel(THERE, tick=False):
        assert clock() == THERE
    assert time.questions == 1


def test_while_one_thread_asks_again_the_others_do_not_wait(time: Time) -> None:
    asked, answer = Event(), Event()
    ask: list[Callable[[], datetime | None]] = [time.ask]
    clock = SharedClock(lambda: ask[0](), time.monotonic)
    clock()

    def hangs() -> datetime:
        asked.set()
        answer.wait(10)
        return THERE

    ask[0] = hangs
    time.passed += ASK_EVERY_SECONDS
    waits = Thread(target=clock)
    waits.start()
    assert asked.wait(10)
    assert clock() == THERE + timedelta(seconds=ASK_EVERY_SECONDS)
    answer.set()
    waits.join()
