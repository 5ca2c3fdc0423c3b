"""Turns at waiting for bodies."""

from contextlib import ExitStack
from threading import Event, Thread

import pytest

from api.body_turns import TURNS, BodyTurns
from otp_worker.domain.errors import SlowBodiesError
from otp_worker.service.http_server import WEB

FOR_EVER = 60.0


def refused(turns: BodyTurns, caller: str) -> None:
    with pytest.raises(SlowBodiesError), turns.turn(caller):
        pass


def test_a_caller_has_half_of_the_threads_of_a_process() -> None:
    command = WEB.command("127.0.0.1", 8000)
    assert int(command[command.index("--blocking-threads") + 1]) == 2 * TURNS


def test_more_bodies_than_turns_are_refused_and_another_caller_is_not() -> None:
    turns = BodyTurns(2, patience_seconds=0)
    with turns.turn("shop"), turns.turn("shop"):
        refused(turns, "shop")
        with turns.turn("bank"):
            pass


def test_a_turn_comes_back_whatever_became_of_the_body() -> None:
    turns = BodyTurns(1, patience_seconds=0)
    for _ in range(3):
        with pytest.raises(OSError, match="cut off"), turns.turn("shop"):
            raise OSError("cut off")
    with turns.turn("shop"):
        pass


def test_who_comes_while_all_turns_are_taken_gets_the_next_one() -> None:
    """However many threads one busy caller keeps at work, bodies that get on are never refused."""
    turns = BodyTurns(1, patience_seconds=FOR_EVER)
    taken, go_on = Event(), Event()

    def read() -> None:
        with turns.turn("shop"):
            taken.set()
            go_on.wait(FOR_EVER)

    reader = Thread(target=read)
    reader.start()
    taken.wait(FOR_EVER)
    waiting = Thread(target=lambda: turns.turn("shop").__enter__())
    waiting.start()
    go_on.set()
    reader.join(FOR_EVER)
    waiting.join(FOR_EVER)
    assert not waiting.is_alive()


def test_who_was_waited_for_in_vain_is_refused_at_once_until_half_of_its_bodies_got_on() -> None:
    turns = BodyTurns(4, patience_seconds=0)
    with ExitStack() as slow:
        for _ in range(4):
            slow.enter_context(turns.turn("shop"))
        refused(turns, "shop")
        turns._patience_seconds = FOR_EVER
        refused(turns, "shop")
    with ExitStack() as slow:
        for _ in range(4):
            slow.enter_context(turns.turn("shop"))
        turns._patience_seconds = 0
        refused(turns, "shop")


def test_nothing_is_kept_of_a_caller_without_bodies() -> None:
    turns = BodyTurns(1, patience_seconds=0)
    for n in range(3):
        with turns.turn(f"app {n}"):
            pass
    assert not turns._taken
    assert not turns._stalled
