"""What an operator sees at one look, over both databases."""

from datetime import datetime, timedelta
from itertools import count

import pytest
from sqlalchemy import insert

from otp_worker.domain.gateway import ReceiptKind
from otp_worker.domain.overview import Hop, Severity, SimCondition, Stage, Window
from otp_worker.domain.step import Step, StepKind
from otp_worker.domain.tally import Counted, ReasonClass
from otp_worker.operations.health import Health
from otp_worker.operations.heartbeat import WORKER
from otp_worker.operations.overview import OverviewReader
from otp_worker.operations.write_probe import WriteProbe
from otp_worker.store import receipts, steps, sweeps, tallies
from otp_worker.store.schema import verifications
from otp_worker.store.sweeps import SWEEP
from tests.contract.rows import old_rows
from tests.contract.service import OFFLINE, REFUSED, START, Service, wrong

NUMBERS = count(1)
"""Every verification that a test lays has another id."""


def reader(service: Service) -> OverviewReader:
    """The overview of a service whose beat, upkeep and worker have just been seen."""
    for name in (SWEEP, WORKER):
        sweeps.record_sweep(service.db, name, service.clock())
    broker = service.worker().queue
    return OverviewReader(
        Health(service.db, broker.check, service.breaker, service.sims, WriteProbe(service.db))
    )


def write(service: Service, *taken: Step) -> None:
    with service.db.write() as connection:
        steps.write(connection, taken)


def arrived(service: Service, *, at: datetime, seconds: float = 2.0) -> None:
    """A code that was taken over at once and arrived so many seconds after its request."""
    name = f"ver_{next(NUMBERS):026}"
    row = old_rows(name, name[-32:].encode().rjust(32), START)[verifications] | {"channel": "sms"}
    with service.db.write() as connection:
        connection.execute(insert(verifications), row)
    write(
        service,
        Step(at, StepKind.ACCEPTED, name),
        Step(at, StepKind.TAKEN, name, 1, gateway="obedient", sim="obedient", milliseconds=200),
        Step(
            START + timedelta(seconds=seconds),
            StepKind.RECEIPT,
            name,
            1,
            outcome="delivered",
            gateway="obedient",
            sim="obedient",
            milliseconds=round(seconds * 1000) - 200,
        ),
        Step(at, StepKind.APPROVED, name, milliseconds=9_000),
    )


@pytest.mark.parametrize("window", list(Window))
def test_nothing_yet_is_fine_and_has_empty_strips(service: Service, window: Window) -> None:
    seen = reader(service).read(window, service.clock())
    assert seen.headline.severity is Severity.OK
    assert [tile.stage for tile in seen.tiles] == list(Stage)
    assert {tile.total for tile in seen.tiles} == {0}
    assert {len(tile.strip) for tile in seen.tiles} == {window.bars}
    assert [hop.p95_seconds for hop in seen.hops] == [None] * len(Hop)
    assert (seen.countries, seen.problems, seen.refusals) == ((), [], {})


@pytest.mark.parametrize("window", list(Window))
def test_codes_are_counted_in_the_bar_of_their_instant(service: Service, window: Window) -> None:
    earlier = START - window.span
    for at in (START, START, earlier, START - window.bars * window.span):
        arrived(service, at=at)
    seen = reader(service).read(window, service.clock())
    accepted = seen.tiles[0]
    assert accepted.strip[-2:] == (1, 2)
    assert accepted.total == 3
    assert {tile.stage: tile.total for tile in seen.tiles} == {
        Stage.ACCEPTED: 3,
        Stage.HANDED_OVER: 3,
        # Receipts have an instant of their own.
        Stage.DELIVERED: 4,
        Stage.APPROVED: 3,
        Stage.FAILED: 0,
    }


def test_the_sentence_tells_how_long_codes_take_to_the_phone(service: Service) -> None:
    for seconds in (1.6, 1.7, 1.8):
        arrived(service, at=START, seconds=seconds)
    service.clock.move(10)
    seen = reader(service).read(Window.QUARTER, service.clock())
    assert (
        seen.headline.sentence == "Codes arrive: 95 % within 2.0 s from request to phone in the last 15 min."
    )
    times = {hop.hop: hop for hop in seen.hops}
    assert times[Hop.ACCEPT_TO_GATEWAY].count == 3
    assert times[Hop.GATEWAY_TO_RECEIPT].p50_seconds == pytest.approx(1.4, abs=0.1)
    assert times[Hop.ACCEPT_TO_APPROVED].p95_seconds == pytest.approx(9.9, abs=0.2)
    (britain,) = seen.countries
    assert (britain.country, britain.accepted, britain.approved_share) == ("GB", 3, 1.0)


def test_steps_are_counted_once_whoever_reads_how_often(service: Service) -> None:
    arrived(service, at=START)
    overview = reader(service)
    for _ in range(3):
        seen = overview.read(Window.DAY, service.clock())
    assert seen.tiles[0].total == 1


def test_a_phone_that_is_away_is_told_with_the_codes_at_risk(service: Service) -> None:
    service.gateway.outcomes = [OFFLINE]
    waiting = [service.issue() for _ in range(4)]
    service.work()
    service.clock.move(31)
    seen = reader(service).read(Window.QUARTER, service.clock())
    assert seen.headline.severity is Severity.FIX
    assert seen.headline.sentence.startswith("SIM obedient away since 12:00: 4 codes wait, 4 fail at 12:0")
    assert seen.backlog.waiting == 4
    (sim,) = seen.sims
    assert (sim.condition, sim.reason) == (SimCondition.AWAY, OFFLINE.reason)
    assert {problem.verification_id for problem in seen.problems} == {each.id for each in waiting}
    assert {problem.kind for problem in seen.problems} == {"waiting"}
    assert all("*" in problem.to or "•" in problem.to for problem in seen.problems)
    service.clock.move(900)
    service.work()
    seen = reader(service).read(Window.QUARTER, service.clock())
    assert {problem.kind for problem in seen.problems} == {"expired"}
    assert seen.backlog.waiting == 0


def test_a_broker_that_is_away_and_processes_that_do_not_run_are_told(service: Service) -> None:
    overview = reader(service)
    service.broker_is_away = True
    assert "broker" in overview.read(Window.DAY, service.clock()).headline.sentence
    service.broker_is_away = False
    service.clock.move(120)
    assert overview.read(Window.DAY, service.clock()).headline.sentence.startswith(
        "No worker has run since 12:00"
    )
    sweeps.record_sweep(service.db, WORKER, service.clock())
    assert overview.read(Window.DAY, service.clock()).headline.sentence.startswith("Beat or upkeep")


def test_what_happens_is_what_is_shown(service: Service) -> None:
    sent, code = service.sent()
    service.clock.move(2)
    receipts.move_forward(service.db, f"{sent.id}.1", ReceiptKind.DELIVERED, service.clock())
    service.clock.move(5)
    service.check(sent, wrong(code))
    service.check(sent, code)
    service.sent("+447400654322")
    service.gateway.outcomes = [REFUSED]
    service.deliver(service.issue("+447400654321"))
    service.clock.move(700)
    service.work()
    seen = reader(service).read(Window.DAY, service.clock())
    assert {tile.stage.value: tile.total for tile in seen.tiles} == {
        "accepted": 3,
        "handed_over": 2,
        "delivered": 1,
        "approved": 1,
        "failed": 1,
    }
    assert {hop.hop: hop.count for hop in seen.hops} == {
        Hop.ACCEPT_TO_GATEWAY: 2,
        Hop.GATEWAY_TO_RECEIPT: 1,
        Hop.ACCEPT_TO_RECEIPT: 1,
        Hop.ACCEPT_TO_APPROVED: 1,
    }
    counted = tallies.ever(service.db, [Counted.FAILED, Counted.CHECKS, Counted.GATEWAY_ANSWER])
    assert {(tally.name, *tally.labels): total.count for tally, total in counted.items()} == {
        (Counted.FAILED, "GB", ReasonClass.REFUSED): 1,
        (Counted.FAILED, "GB", ReasonClass.NOT_ENTERED): 1,
        (Counted.CHECKS, "right"): 1,
        (Counted.CHECKS, "wrong"): 1,
        (Counted.GATEWAY_ANSWER, "obedient", "accepted"): 2,
        (Counted.GATEWAY_ANSWER, "obedient", "refused"): 1,
    }
