"""How soon messages leave after the broker's return, measured over hand-made records."""

from otp_worker.devtools.chaos.plan import BROKER, GATEWAY, Fault, Kind
from otp_worker.devtools.chaos.records import Span
from otp_worker.devtools.chaos.recovery import is_outage, recoveries
from tests.devtools.chaos.records import after, line, records, request


def span(begun: float, healed: float, kind: Kind = Kind.KILL, target: str = BROKER) -> Span:
    return Span(Fault(begun, healed - begun, kind, target), after(begun), after(healed))


def test_it_is_the_time_from_the_return_to_the_next_message() -> None:
    found = records(requests=[request(accepted_at=after(1))], journal=[line(taken_at=after(7))])
    assert recoveries([span(0, 5)], found) == [2.0]


def test_it_counts_from_when_a_message_was_owed() -> None:
    found = records(requests=[request(accepted_at=after(6.5))], journal=[line(taken_at=after(7))])
    assert recoveries([span(0, 5)], found) == [0.5]


def test_a_return_that_another_fault_follows_is_left_out() -> None:
    found = records(requests=[request(accepted_at=after(1))], journal=[line(taken_at=after(7))])
    assert recoveries([span(0, 5), span(6, 8, Kind.OFFLINE, GATEWAY)], found) == []


def test_other_faults_are_no_return_of_the_broker() -> None:
    found = records(requests=[request(accepted_at=after(1))], journal=[line(taken_at=after(7))])
    assert recoveries([span(0, 5, Kind.OFFLINE, GATEWAY), span(0, 4, Kind.SLOW_LINK)], found) == []


def test_without_a_message_after_it_there_is_nothing_to_measure() -> None:
    assert recoveries([span(0, 5)], records(requests=[], journal=[])) == []


def test_a_phone_that_was_long_away_returns_too() -> None:
    found = records(requests=[request(accepted_at=after(1))], journal=[line(taken_at=after(7))])
    away = span(0, 5, Kind.LONG_OUTAGE, GATEWAY)
    assert recoveries([away], found, is_outage) == [2.0]
    assert recoveries([away], found) == []


def test_what_may_delay_nothing_is_no_reason_to_leave_a_return_out() -> None:
    found = records(requests=[request(accepted_at=after(1))], journal=[line(taken_at=after(7))])
    assert recoveries([span(0, 5), span(4, 8, Kind.CLOCK_STEP, "beat")], found) == [2.0]
    assert recoveries([span(0, 5), span(4, 8, Kind.SLOW_NAMES, "resolver")], found) == []
