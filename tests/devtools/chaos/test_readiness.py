"""What fails although nothing is wrong, and what /readyz says meanwhile."""

from dataclasses import replace

from otp_worker.devtools.chaos.breaches import Breach
from otp_worker.devtools.chaos.plan import DATABASE, WEB, Kind
from otp_worker.devtools.chaos.records import Request, Sightings
from tests.devtools.chaos.judging import judged, span
from tests.devtools.chaos.records import NUMBER, after, records, request


def failing(*seconds: float) -> list[Request]:
    unanswered = request(accepted_at=None, verification_id=None, failed=503)
    return [request(), *(replace(unanswered, asked_at=after(each)) for each in seconds)]


def test_a_request_that_fails_although_nothing_is_wrong_any_more_is_a_breach() -> None:
    read_only = span(Kind.READ_ONLY, DATABASE, 10, 12)
    during = records(requests=failing(11, 17.9))
    assert judged(during, spans=[read_only]) == []
    lingering = records(requests=failing(11, 18))
    assert judged(lingering, spans=[read_only]) == [(Breach.FAILED, NUMBER)]
    stepped = span(Kind.CLOCK_STEP, WEB, 10, 12)
    assert judged(records(requests=failing(11)), spans=[stepped]) == [(Breach.FAILED, NUMBER)]


def test_to_say_ready_while_nothing_is_accepted_misleads() -> None:
    read_only = [span(Kind.READ_ONLY, DATABASE, 10, 20)]
    five = failing(11, 11.2, 11.4, 11.6, 11.8)

    def found(requests: list[Request], at: float, ready: bool) -> list[tuple[Breach, str]]:
        seen = Sightings(ready=[(after(at), ready)])
        return judged(records(requests=requests), spans=read_only, sightings=seen)

    assert found(five, 12, True) == [(Breach.MISLED, "/readyz")]
    assert found(five, 12, False) == []
    assert found(five[:-1], 12, True) == []
    assert found(five, 13.1, True) == []
    one_accepted = [*five, request(asked_at=after(11.5), accepted_at=after(11.6))]
    assert found(one_accepted, 12, True) == []
