"""One number is asked for by many, while something else is the matter."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

from otp_worker.devtools.chaos.client import Client
from otp_worker.devtools.chaos.flood import ASKED, FloodInjector, Floods
from otp_worker.devtools.chaos.injectors import BothInjector, KnobInjector
from otp_worker.devtools.chaos.plan import BROKER, DATABASE, Kind
from otp_worker.devtools.chaos.records import Span
from otp_worker.devtools.chaos.timely import flood_delays
from otp_worker.devtools.simulator.knobs import Knobs
from tests.devtools.chaos.faults import fault
from tests.devtools.chaos.records import after, records, request


class People:
    """Ask, and are not answered."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str | None]] = []

    def send(self, number: str, user: str | None) -> None:
        self.asked.append((number, user))


def test_a_flood_asks_for_one_number_on_behalf_of_many_people() -> None:
    client = People()
    floods = Floods(cast(Client, client))
    knobs = Knobs()
    injector = FloodInjector(floods, KnobInjector(knobs, {"offline": True}))
    for _ in range(2):
        assert injector.inject(fault(Kind.FROZEN_FLOOD, BROKER))
        assert knobs.offline
        assert injector.heal(fault(Kind.FROZEN_FLOOD, BROKER))
        assert not knobs.offline
    floods.end()
    assert len(client.asked) == len(set(client.asked)) == 2 * ASKED
    assert {number for number, _ in client.asked} == set(floods.numbers)
    assert len(floods.numbers) == 2


def test_a_flood_waits_for_the_fault_that_it_comes_with() -> None:
    away = SimpleNamespace(inject=lambda _: False)
    floods = Floods(cast(Client, None))
    assert not FloodInjector(floods, cast(Any, away)).inject(fault(Kind.REPEATABLE_READ, DATABASE))
    assert floods.numbers == []


def test_what_honest_people_wait_during_a_flood_is_measured_apart() -> None:
    flooded, honest = request(number="+447401000000"), request()
    before = request(asked_at=after(-2), accepted_at=after(-1))
    span = Span(fault(Kind.FROZEN_FLOOD, BROKER), after(-1), after(3))
    found = replace(records(requests=[flooded, honest, before]), spans=[span])
    assert flood_delays(replace(found, flooded=frozenset({flooded.number}))) == [0.1]


def test_of_two_faults_both_begin_or_neither_and_both_end() -> None:
    one, other = Knobs(), Knobs()
    offline, slow = KnobInjector(one, {"offline": True}), KnobInjector(other, {"slow_seconds": 1.0})
    both = BothInjector(offline, slow)
    assert both.inject(fault(Kind.REPEATABLE_READ, DATABASE))
    assert (one.offline, other.slow_seconds) == (True, 1.0)
    assert both.heal(fault(Kind.REPEATABLE_READ, DATABASE))
    assert (one.offline, other.slow_seconds) == (False, 0.0)
    away = cast(Any, SimpleNamespace(inject=lambda _: False))
    assert not BothInjector(away, slow).inject(fault(Kind.REPEATABLE_READ, DATABASE))
    assert other.slow_seconds == 0.0
