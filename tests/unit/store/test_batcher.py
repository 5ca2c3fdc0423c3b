"""Many threads that ask at the same moment are served in one go, and none of them pays for another."""

import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from sqlalchemy import exc

from otp_worker.domain import request_deadline
from otp_worker.store.batcher import MOST, Batcher, _Wish

SECONDS = 10


class Office:
    """What is asked for is told apart by its number; the first time it acts it waits to be let go on."""

    def __init__(self) -> None:
        self.served: list[list[int]] = []
        self.acts = threading.Event()
        self.may_go_on = threading.Event()
        self.fails_with: BaseException | None = None
        self.together = Batcher(self.act)

    def act(self, numbers: Sequence[int]) -> list[int | Exception]:
        self.served.append(list(numbers))
        if len(self.served) == 1:
            self.acts.set()
            assert self.may_go_on.wait(SECONDS)
        if self.fails_with is not None and len(numbers) > 1:
            raise self.fails_with
        if numbers == [-2]:
            raise LookupError("alone too")
        return [ValueError(f"{number} is refused") if number == -1 else number * 10 for number in numbers]

    @property
    def waiting(self) -> int:
        return len(self.together._wishes)


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def crowd() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(MOST + 20) as threads:
        yield threads


def ask(office: Office, crowd: ThreadPoolExecutor, numbers: Sequence[int]) -> list["Future[int]"]:
    """Ask for the first number, and while that is acted for, for the others; then let it go on."""
    asked = [crowd.submit(office.together, numbers[0])]
    assert office.acts.wait(SECONDS)
    for count, number in enumerate(numbers[1:], 1):
        asked.append(crowd.submit(office.together, number))
        deadline = time.monotonic() + SECONDS
        while office.waiting < count:
            assert time.monotonic() < deadline
            time.sleep(0)
    office.may_go_on.set()
    return asked


def answers(asked: Sequence["Future[int]"]) -> list[int | str]:
    """What each was answered, or the name of what was raised."""
    errors = [each.exception(SECONDS) for each in asked]
    return [
        type(error).__name__ if error else each.result() for each, error in zip(asked, errors, strict=True)
    ]


def test_who_is_alone_waits_for_nobody(office: Office) -> None:
    office.may_go_on.set()
    assert [office.together(1), office.together(2)] == [10, 20]
    assert office.served == [[1], [2]]


def test_those_who_come_meanwhile_are_served_in_one_go_in_their_order(
    office: Office, crowd: ThreadPoolExecutor
) -> None:
    assert answers(ask(office, crowd, [1, 2, 3, 4])) == [10, 20, 30, 40]
    assert office.served == [[1], [2, 3, 4]]


def test_what_is_refused_to_one_is_no_others_harm(office: Office, crowd: ThreadPoolExecutor) -> None:
    assert answers(ask(office, crowd, [1, 2, -1, 4])) == [10, 20, "ValueError", 40]
    assert office.served == [[1], [2, -1, 4]]


def test_after_a_failure_each_is_tried_alone_and_only_the_culprit_fails(
    office: Office, crowd: ThreadPoolExecutor
) -> None:
    office.fails_with = OSError("all or nothing")
    assert answers(ask(office, crowd, [1, 2, -2, 4])) == [10, 20, "LookupError", 40]
    assert office.served[:2] == [[1], [2, -2, 4]]
    assert sorted(office.served[2:]) == [[-2], [2], [4]]


def test_who_fails_alone_is_not_tried_twice(office: Office) -> None:
    office.may_go_on.set()
    with pytest.raises(LookupError):
        office.together(-2)
    assert office.served == [[-2]]


def test_a_crowd_is_served_in_goes_of_a_bounded_size(office: Office, crowd: ThreadPoolExecutor) -> None:
    numbers = list(range(MOST + 10))
    assert answers(ask(office, crowd, numbers)) == [number * 10 for number in numbers]
    assert [len(served) for served in office.served] == [1, MOST, 9]


def test_if_who_acts_is_interrupted_nobody_waits_for_ever(office: Office, crowd: ThreadPoolExecutor) -> None:
    office.fails_with = SystemExit()
    assert answers(ask(office, crowd, [1, 2, 3])) == [10, "SystemExit", "SystemExit"]
    office.fails_with = None
    assert office.together(5) == 50


def test_under_any_crowd_each_is_served_once_and_one_group_at_a_time() -> None:
    served: Counter[int] = Counter()
    at_it = threading.Lock()

    def act(numbers: Sequence[int]) -> list[int]:
        assert at_it.acquire(blocking=False)
        time.sleep(0)
        served.update(numbers)
        at_it.release()
        return [number + 1 for number in numbers]

    together = Batcher(act)
    with ThreadPoolExecutor(16) as threads:
        assert list(threads.map(together, range(3000))) == list(range(1, 3001))
    assert set(served.values()) == {1}
    assert len(served) == 3000


def test_what_concerns_all_is_told_to_all_and_nobody_tries_alone(crowd: ThreadPoolExecutor) -> None:
    office = Office()
    office.together = Batcher(office.act, lambda error: isinstance(error, OSError))
    office.fails_with = OSError("the database is locked")
    assert answers(ask(office, crowd, [1, 2, 3, 4])) == [10, "OSError", "OSError", "OSError"]
    assert office.served == [[1], [2, 3, 4]]


def test_who_waits_longer_than_its_request_may_is_not_served_any_more(
    office: Office, crowd: ThreadPoolExecutor
) -> None:
    first = crowd.submit(office.together, 1)
    assert office.acts.wait(SECONDS)
    with request_deadline.until(time.monotonic() + 0.01), pytest.raises(exc.TimeoutError):
        office.together(2)
    assert office.waiting == 0
    office.may_go_on.set()
    assert first.result(SECONDS) == 10
    assert office.served == [[1]]


def test_who_is_being_served_when_its_time_is_over_gets_the_true_answer(
    office: Office, crowd: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its row is written: to say that nothing was done would be wrong."""
    is_served, is_late = threading.Event(), threading.Event()
    served: list[list[int]] = []
    go_on_waiting = _Wish.await_answer

    def act(numbers: Sequence[int]) -> list[int]:
        served.append(list(numbers))
        is_served.set()
        assert is_late.wait(SECONDS)
        return [number * 100 for number in numbers]

    def no_time_left(most: float) -> float:
        return most if request_deadline.current() is None else float(not is_served.wait(SECONDS))

    def await_answer(wish: "_Wish[int, int]") -> None:
        is_late.set()
        go_on_waiting(wish)

    def ask_in_a_hurry() -> int:
        with request_deadline.until(time.monotonic()):
            return office.together(3)

    monkeypatch.setattr(request_deadline, "seconds_left", no_time_left)
    monkeypatch.setattr(_Wish, "await_answer", await_answer)
    first = crowd.submit(office.together, 1)
    assert office.acts.wait(SECONDS)
    office.together._act = act
    second, hurried = crowd.submit(office.together, 2), crowd.submit(ask_in_a_hurry)
    while office.waiting < 2:
        time.sleep(0)
    office.may_go_on.set()
    assert [each.result(SECONDS) for each in (first, second, hurried)] == [10, 200, 300]
    assert served == [[2, 3]]


def test_who_is_to_serve_next_when_its_time_is_over_serves(
    office: Office, crowd: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If it went away, whoever comes after it would wait for ever."""

    def wake_up_too_late(wish: "_Wish[int, int]") -> bool:
        return wish.leads or not wish._woken.acquire(timeout=SECONDS)

    monkeypatch.setattr(_Wish, "await_turn", wake_up_too_late)
    assert answers(ask(office, crowd, [1, 2])) == [10, 20]
    assert office.served == [[1], [2]]


def test_who_acts_for_a_group_keeps_the_first_deadline_of_it(
    office: Office, crowd: ThreadPoolExecutor
) -> None:
    first = crowd.submit(office.together, 1)
    assert office.acts.wait(SECONDS)
    kept: list[float | None] = []

    def act(numbers: Sequence[int]) -> list[int]:
        kept.append(request_deadline.current())
        return list(numbers)

    office.together._act = act
    now = time.monotonic()

    def ask_by(deadline: float | None) -> int:
        with request_deadline.until(deadline):
            return office.together(1)

    asked = [crowd.submit(ask_by, deadline) for deadline in (None, now + 90, now + 60)]
    while office.waiting < 3:
        time.sleep(0)
    office.may_go_on.set()
    assert [each.result(SECONDS) for each in (first, *asked)] == [10, 1, 1, 1]
    assert kept == [now + 60]
