"""What is late, early, too slow or too long-lived is judged by the run's own clock, which nobody steps."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from otp_worker.devtools.chaos.breaches import Breach
from otp_worker.devtools.chaos.plan import BROKER, DATABASE, GATEWAY, RESOLVER, WEBHOOK, Kind
from otp_worker.devtools.chaos.records import JournalLine, Records, Request, Resend, Sightings, Span, Terms
from otp_worker.devtools.chaos.timely import calm_delays
from otp_worker.domain.verification import DeliveryStatus, VerificationStatus
from tests.devtools.chaos.judging import judged, span
from tests.devtools.chaos.records import (
    DELIVERY,
    NUMBER,
    VERIFICATION,
    after,
    delivery,
    line,
    records,
    request,
    verification,
)

TRUE_CLOCKS = Terms(deadline_seconds=60)
UNTRIED: dict[str, Any] = {
    "status": DeliveryStatus.EXPIRED,
    "gateway": None,
    "gateway_message_id": None,
    "attempts": 0,
}


def expired(what: str, seconds: float) -> Sightings:
    return Sightings({what: after(seconds)})


def test_a_deadline_that_a_stepped_clock_wrote_makes_nothing_late_nor_timely() -> None:
    """Intake was an hour ahead, or behind: the row says so, and the client's clock says when it was."""
    for hours in (-1, 1):
        wrong = delivery(deadline_at=after(60 + hours * 3600))
        assert judged(records(deliveries=[wrong])) == []
        assert judged(records(deliveries=[wrong], journal=[line(taken_at=after(60.6))])) == []
        assert judged(records(deliveries=[wrong], journal=[line(taken_at=after(61))])) == [
            (Breach.LATE, DELIVERY)
        ]


def test_a_resends_deadline_counts_from_when_the_client_asked_for_it() -> None:
    second = delivery(id=f"{VERIFICATION}.2", deadline_at=after(5000))
    resent = [Resend(VERIFICATION, after(100), after(101))]
    for seconds, breaches in [(161.5, []), (162, [(Breach.LATE, second.id)])]:
        journal = [line(), line(ref=second.id, taken_at=after(seconds))]
        assert judged(records(deliveries=[delivery(), second], journal=journal), resends=resent) == breaches


def test_a_request_without_an_answer_may_have_been_taken_until_web_gives_up() -> None:
    unknown = request(accepted_at=None, verification_id=None)
    for seconds, breaches in [(70.4, []), (70.6, [(Breach.LATE, DELIVERY)])]:
        journal = [line(taken_at=after(seconds))]
        assert judged(records(requests=[unknown], journal=journal)) == breaches


def test_a_message_after_its_codes_life_is_late_by_the_runs_clock() -> None:
    second = delivery(id=f"{VERIFICATION}.2")
    resent = [Resend(VERIFICATION, after(299), after(299))]
    for seconds, breaches in [(301.4, []), (301.6, [(Breach.LATE, second.id)])]:
        journal = [line(), line(ref=second.id, taken_at=after(seconds))]
        rows = records(
            verifications=[verification(expires_at=after(590))],
            deliveries=[delivery(), second],
            journal=journal,
        )
        assert judged(rows, resends=resent) == breaches


@pytest.mark.parametrize(("seconds", "breaches"), [(20, [(Breach.LOST, DELIVERY)]), (30, []), (61, [])])
def test_a_delivery_that_expired_before_its_time_is_lost(seconds: float, breaches: list[Any]) -> None:
    """A sweep whose clock was ahead ended it; half a minute before the deadline the last attempt may be."""
    row = delivery(status=DeliveryStatus.EXPIRED, gateway_message_id=None)
    rows = records(deliveries=[row], journal=[])
    assert judged(rows, sightings=expired(DELIVERY, seconds)) == breaches


@pytest.mark.parametrize(
    ("seconds", "breaches"), [(200, [(Breach.UNUSABLE, VERIFICATION)]), (300.9, []), (400, [])]
)
def test_a_code_that_ended_before_its_life_was_over_is_unusable(seconds: float, breaches: list[Any]) -> None:
    rows = records(verifications=[verification(status=VerificationStatus.EXPIRED)])
    assert judged(rows, sightings=expired(VERIFICATION, seconds)) == breaches
    assert judged(rows, sightings=expired(VERIFICATION, 200), terms=TRUE_CLOCKS) == [
        (Breach.UNUSABLE, VERIFICATION)
    ]


def test_a_code_that_was_dead_when_it_arrived_is_unusable() -> None:
    behind = verification(expires_at=after(-3000))
    assert judged(records(verifications=[behind])) == [(Breach.UNUSABLE, VERIFICATION)]


@pytest.mark.parametrize(("seconds", "breaches"), [(600, []), (601, [(Breach.OUTLIVED, VERIFICATION)])])
def test_no_code_lives_beyond_its_cap(seconds: float, breaches: list[Any]) -> None:
    assert judged(records(verifications=[verification(expires_at=after(seconds))])) == breaches


def test_what_expired_while_the_phone_was_away_for_all_its_time_is_not_lost() -> None:
    rows = records(
        verifications=[verification(status=VerificationStatus.FAILED)],
        deliveries=[delivery(**UNTRIED)],
        journal=[],
    )
    for begun, healed, is_lost in [(-10, 70, False), (-10, 40, False), (-10, 20, True), (35, 80, True)]:
        away = span(Kind.LONG_OUTAGE, GATEWAY, begun, healed)
        assert ((Breach.LOST, DELIVERY) in judged(rows, spans=[away])) is is_lost
    assert judged(rows, spans=[span(Kind.HANG, GATEWAY, -10, 70)]) == [(Breach.LOST, DELIVERY)]
    hurried = replace(TRUE_CLOCKS, deadline_seconds=25)
    assert judged(rows, terms=hurried) == [(Breach.LOST, DELIVERY)]
    # A broker that comes back slowly explains what it adds to the phone's absence, and nothing by itself.
    away, down = span(Kind.LONG_OUTAGE, GATEWAY, -10, 20), span(Kind.KILL, BROKER, 15, 40)
    assert (Breach.LOST, DELIVERY) not in judged(rows, spans=[away, down])
    assert (Breach.LOST, DELIVERY) in judged(rows, spans=[span(Kind.KILL, BROKER, -10, 70)])


def owing(taken_at: float | None) -> Records:
    """One code that was asked for before a return, and perhaps sent after it."""
    status = DeliveryStatus.WAITING if taken_at is None else DeliveryStatus.SENT
    journal = [] if taken_at is None else [line(taken_at=after(taken_at))]
    return records(deliveries=[delivery(status=status)], journal=journal)


@pytest.mark.parametrize("away", [span(Kind.LONG_OUTAGE, GATEWAY, -60, 5), span(Kind.REPLICA, BROKER, 1, 5)])
def test_nothing_that_is_owed_may_stand_still_after_a_return(away: Span) -> None:
    assert (Breach.STALLED, str(away.fault)) in judged(owing(None), spans=[away])
    assert judged(owing(25), spans=[away]) == [(Breach.STALLED, str(away.fault))]
    assert judged(owing(19), spans=[away]) == []
    hanging = span(Kind.HOOK_HANG, WEBHOOK, 0, 40)
    assert judged(owing(25), spans=[away, hanging]) == [(Breach.STALLED, str(away.fault))]
    struck_again = span(Kind.KILL, "worker.1", 7, 9)
    assert judged(owing(25), spans=[away, struck_again]) == []
    still_starting = span(Kind.KILL, "worker.1", -8, -4.5)
    assert judged(owing(25), spans=[away, still_starting]) == []
    long_started = span(Kind.KILL, "worker.1", -8, -5)
    assert judged(owing(25), spans=[away, long_started]) == [(Breach.STALLED, str(away.fault))]


def test_where_nothing_is_owed_nothing_stands_still() -> None:
    away = span(Kind.LONG_OUTAGE, GATEWAY, -60, 5)
    assert judged(records(), spans=[away]) == []
    canceled = verification(status=VerificationStatus.CANCELED)
    superseded = delivery(status=DeliveryStatus.SUPERSEDED)
    rows = records(verifications=[canceled], deliveries=[superseded], journal=[])
    assert judged(rows, spans=[away]) == []
    over = [request(asked_at=after(-50), accepted_at=after(-50))]
    row = delivery(status=DeliveryStatus.EXPIRED, gateway_message_id=None)
    assert judged(records(requests=over, deliveries=[row], journal=[]), spans=[away]) == []


def swept(*seconds: float) -> Sightings:
    return Sightings(swept=[after(each) for each in seconds])


def test_a_sweep_that_is_missing_is_found_out() -> None:
    assert judged(records(), sightings=swept(0, 3, 42, 45)) == []
    assert judged(records(), sightings=swept(0, 3, 44, 47)) == [(Breach.UNSWEPT, "sweep")]


@pytest.mark.parametrize(
    ("fault", "excused"),
    [
        (span(Kind.KILL, "beat", 5, 7), True),
        (span(Kind.FREEZE, BROKER, 5, 7), True),
        (span(Kind.RESTART, DATABASE, 5, 7), True),
        (span(Kind.CLOCK_STEP, "beat", 5, 7), False),
        (span(Kind.HOOK_HANG, WEBHOOK, 5, 7), False),
        (span(Kind.SLOW_NAMES, RESOLVER, 5, 7), False),
        (span(Kind.LONG_OUTAGE, GATEWAY, 5, 7), False),
    ],
)
def test_only_those_who_sweep_are_excused_from_it_and_only_for_a_while(fault: Span, excused: bool) -> None:
    found = judged(records(), sightings=swept(0, 44), spans=[fault])
    assert ((Breach.UNSWEPT, "sweep") not in found) is excused
    assert judged(records(), sightings=swept(0, 55), spans=[fault]) == [(Breach.UNSWEPT, "sweep")]


def many(number: int, delay: float) -> Records:
    """So many codes, each at the phone so many seconds after its 202, a minute apart."""
    requests: list[Request] = []
    journal: list[JournalLine] = []
    ids = [f"ver_{position}" for position in range(number)]
    for position, verification_id in enumerate(ids):
        at: datetime = after(60 * position)
        requests.append(Request(NUMBER, at, at, verification_id))
        taken_at = after(60 * position + delay)
        journal.append(line(ref=f"{verification_id}.1", taken_at=taken_at))
    rows = [verification(id=each, expires_at=after(60 * number + 300)) for each in ids]
    sent = [
        delivery(id=f"{each}.1", verification_id=each, deadline_at=after(60 * number + 60)) for each in ids
    ]
    return records(requests, rows, sent, journal)


def test_a_service_that_is_slow_in_calm_is_found_out() -> None:
    assert judged(many(20, 1.0), terms=TRUE_CLOCKS) == []
    assert judged(many(20, 3.5), terms=TRUE_CLOCKS) == [(Breach.SLOW, "all")]
    assert judged(many(19, 3.5), terms=TRUE_CLOCKS) == []


def test_a_code_that_was_asked_for_near_a_fault_tells_nothing_of_calm() -> None:
    found = many(4, 3.5)
    near = [span(Kind.KILL, "worker.1", 63, 120.5), span(Kind.CLOCK_STEP, "beat", 1, 190)]
    assert calm_delays(replace(found, spans=near)) == [3.5]
    assert len(calm_delays(found)) == 4


def test_a_flooded_number_is_refused_and_gets_no_more_than_its_limit() -> None:
    refused = request(accepted_at=None, verification_id=None, refused=429)
    flooded = frozenset({NUMBER})
    rows = records(requests=[request(), refused])
    assert judged(rows, terms=replace(TRUE_CLOCKS, flood_limit=1), flooded=flooded) == []
    assert judged(rows, terms=replace(TRUE_CLOCKS, flood_limit=0), flooded=flooded) == [
        (Breach.OVER_LIMIT, NUMBER)
    ]
    wrongly = replace(refused, refused=422)
    found = records(requests=[request(), wrongly])
    assert judged(found, terms=replace(TRUE_CLOCKS, flood_limit=1), flooded=flooded) == [
        (Breach.REFUSED, NUMBER)
    ]
