"""Doing in one go what several threads ask for at the same moment: one transaction, one round trip, for all.

A thread that finds nobody at it acts at once, for itself and for whoever waits by then; those who come
meanwhile wait, and one of them acts for all of these. So nobody waits for a group to fill, groups grow only
where there is a crowd, and there is no thread of its own to be started or stopped.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Asked = TypeVar("Asked")
Answered = TypeVar("Answered")

MOST = 64
"""So many are served in one go at most."""


class _Wish(Generic[Asked, Answered]):
    """What one thread asks for, and what became of it: served without an answer, it acts for itself."""

    __slots__ = ("_woken", "answers", "asked", "leads")

    def __init__(self, asked: Asked, *, leads: bool) -> None:
        self.asked = asked
        self.answers: list[Answered | BaseException] = []
        self.leads = leads
        self._woken = threading.Lock()
        self._woken.acquire()

    def await_turn(self) -> None:
        """Wait until it is served, or is to serve."""
        if not self.leads:
            self._woken.acquire()

    def wake(self) -> None:
        """Let its thread go on."""
        self._woken.release()


class Together(Generic[Asked, Answered]):
    """Calls ``act`` with what was asked for since its last call, in the order of asking.

    ``act`` answers each wish with a value or with an exception, which is raised where the wish came from. If
    it raises for several, it must have had no effect: each thread then calls it for itself alone.
    """

    def __init__(self, act: Callable[[Sequence[Asked]], Sequence[Answered | Exception]]) -> None:
        self._act = act
        self._lock = threading.Lock()
        self._is_led = False
        self._wishes: list[_Wish[Asked, Answered]] = []

    def __call__(self, asked: Asked) -> Answered:
        """The answer to what is asked; raises what ``act`` answers or raises for it."""
        with self._lock:
            mine: _Wish[Asked, Answered] = _Wish(asked, leads=not self._is_led)
            self._wishes.append(mine)
            self._is_led = True
        mine.await_turn()
        if mine.leads:
            self._lead(mine)
        answer = mine.answers[0] if mine.answers else self._act([asked])[0]
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def _lead(self, mine: _Wish[Asked, Answered]) -> None:
        """Serve those who wait, oneself among them, and let the first of those who came meanwhile go on."""
        with self._lock:
            wishes, self._wishes = self._wishes[:MOST], self._wishes[MOST:]
        try:
            self._serve(wishes)
        finally:
            with self._lock:
                following = self._wishes[:1]
                self._is_led = bool(following)
            for wish in following:
                wish.leads = True
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
            if len(wishes) == 1:
                wishes[0].answers.append(error)
        except BaseException as error:
            # Whoever acts is interrupted, by a signal for one: the others may not take it for served.
            for wish in wishes:
                wish.answers.append(error)
            raise
