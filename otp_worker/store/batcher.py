"""Doing in one go what several threads ask for at the same moment: one transaction, one round trip, for all.

A thread that finds nobody at it acts at once, for itself and for whoever waits by then; those who come
meanwhile wait, and one of them acts for all of these. So nobody waits for a group to fill, groups grow only
where there is a crowd, and there is no thread of its own to be started or stopped.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from sqlalchemy import exc

from otp_worker.domain import request_deadline

Asked = TypeVar("Asked")
Answered = TypeVar("Answered")

MOST = 64
"""So many are served in one go at most."""


class _Wish(Generic[Asked, Answered]):
    """What one thread asks for, and what became of it: served without an answer, it acts for itself."""

    __slots__ = ("_woken", "answers", "asked", "deadline", "leads")

    def __init__(self, asked: Asked, *, leads: bool) -> None:
        self.asked = asked
        self.answers: list[Answered | BaseException] = []
        self.leads = leads
        self.deadline = request_deadline.current()
        self._woken = threading.Lock()
        self._woken.acquire()

    def await_turn(self) -> bool:
        """Wait until it is served, or is to serve; False if its request's time is over before that."""
        if self.leads:
            return True
        return self._woken.acquire(timeout=request_deadline.seconds_left(threading.TIMEOUT_MAX))

    def await_answer(self) -> None:
        """Wait until it is served, by a thread that keeps this wish's deadline too."""
        self._woken.acquire()

    def wake(self) -> None:
        """Let its thread go on."""
        self._woken.release()


class Batcher(Generic[Asked, Answered]):
    """Calls ``act`` with what was asked for since its last call, in the order of asking.

    ``act`` answers each wish with a value or with an exception, which is raised where the wish came from. If
    it raises for several, it must have had no effect. What ``concerns_all`` is then raised for each of them;
    after any other error, which one of them may have caused, each thread calls ``act`` for itself alone.
    Raises sqlalchemy's TimeoutError where the request's time is over before its turn.
    """

    def __init__(
        self,
        act: Callable[[Sequence[Asked]], Sequence[Answered | Exception]],
        concerns_all: Callable[[Exception], bool] = lambda error: False,
    ) -> None:
        self._act = act
        self._concerns_all = concerns_all
        self._lock = threading.Lock()
        self._is_led = False
        self._wishes: list[_Wish[Asked, Answered]] = []

    def __call__(self, asked: Asked) -> Answered:
        """The answer to what is asked; raises what ``act`` answers or raises for it."""
        with self._lock:
            mine: _Wish[Asked, Answered] = _Wish(asked, leads=not self._is_led)
            self._wishes.append(mine)
            self._is_led = True
        if not mine.await_turn():
            self._withdraw(mine)
        if mine.leads:
            self._lead(mine)
        answer = mine.answers[0] if mine.answers else self._act([asked])[0]
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def _withdraw(self, mine: _Wish[Asked, Answered]) -> None:
        """Raise sqlalchemy's TimeoutError, unless the wish is being served by now, or is to serve."""
        with self._lock:
            if mine in self._wishes and not mine.leads:
                self._wishes.remove(mine)
                raise exc.TimeoutError("its turn did not come in the request's time")
        if not mine.leads:
            # What is being done for it cannot be undone: only its answer is true.
            mine.await_answer()

    def _lead(self, mine: _Wish[Asked, Answered]) -> None:
        """Serve those who wait, oneself among them, and let the first of those who came meanwhile go on."""
        with self._lock:
            wishes, self._wishes = self._wishes[:MOST], self._wishes[MOST:]
        try:
            with request_deadline.until(_first_deadline(wishes)):
                self._serve(wishes)
        finally:
            with self._lock:
                following = self._wishes[:1]
                self._is_led = bool(following)
                for wish in following:
                    wish.leads = True
            for wish in following:
                wish.wake()
            for wish in wishes:
                if wish is not mine:
                    wish.wake()

    def _serve(self, wishes: list[_Wish[Asked, Answered]]) -> None:
        try:
            answers = self._act([wish.asked for wish in wishes])
            for wish, answer in zip(wishes, answers, strict=True):
                wish.answers.append(answer)
        except Exception as error:
            if len(wishes) == 1 or self._concerns_all(error):
                for wish in wishes:
                    wish.answers.append(error)
        except BaseException as error:
            # Whoever acts is interrupted, by a signal for one: the others may not take it for served.
            for wish in wishes:
                wish.answers.append(error)
            raise


def _first_deadline(wishes: Sequence[_Wish[Asked, Answered]]) -> float | None:
    return min((wish.deadline for wish in wishes if wish.deadline is not None), default=None)
