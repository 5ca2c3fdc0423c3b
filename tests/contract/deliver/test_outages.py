"""Outages in simulated time: the first SMS leaves soon after the return, and meanwhile nobody is hammered."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event

from otp_worker.domain.app import App
from otp_worker.domain.gateway import Outcome, OutcomeKind
from otp_worker.domain.sim import Sim, Sims
from otp_worker.domain.verification import DeliveryStatus
from otp_worker.protection.circuit_breaker import FAILURES_TO_OPEN
from otp_worker.store import deliveries
from otp_worker.store.database import Database
from otp_worker.store.migrate import upgrade
from tests.contract.outage import SimulatedPhone, Simulation
from tests.contract.service import Service

LONGEST_PAUSE_SECONDS = 8.0
FIRST_SMS_SECONDS = 10.0
FIRST_SMS_OF_A_HEALTHY_PHONE_SECONDS = 2.0
DEADLINE_SECONDS = 300


@dataclass
class Outage:
    """A simulation, its phones by name, and between which instants they were away."""

    simulation: Simulation
    phones: dict[str, SimulatedPhone]
    away_at: datetime
    back_at: datetime

    def first_sms_seconds(self, name: str) -> float:
        """From a phone's return to the first SMS over it."""
        after = [at for at in self.phones[name].taken_at if at >= self.back_at]
        assert after, "no SMS after the return"
        return (after[0] - self.back_at).total_seconds()

    def asked(self, name: str) -> int:
        """How many messages a phone was given while it was away."""
        return sum(self.away_at <= at < self.back_at for at in self.phones[name].asked_at)


@pytest.fixture
def fast(tmp_path: Path) -> Iterator[Database]:
    """A database that need not outlive the machine: what is simulated here is no matter of databases."""
    database = Database(f"sqlite:///{tmp_path}/otp.db")
    event.listen(
        database.engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF")
    )
    upgrade(database)
    yield database
    database.close()


def simulated(
    db: Database, monkeypatch: pytest.MonkeyPatch, *sims: Sim
) -> tuple[Simulation, dict[str, SimulatedPhone]]:
    """A service with these SIMs, each gateway of which is a simulated phone."""
    phones = {sim.gateway: SimulatedPhone(name=sim.gateway) for sim in sims}
    service = Service(db, sims=Sims(sims, dict(phones)))
    for phone in phones.values():
        phone.clock = service.clock
    return Simulation(service, monkeypatch), phones


def run(
    simulation: Simulation,
    phones: dict[str, SimulatedPhone],
    away: list[str],
    *,
    seconds: float,
    rate: float,
    prefixes: tuple[str, ...] = ("+4474",),
) -> Outage:
    """Send at a rate, before, in and for a while after an outage of the phones that are named."""
    simulation.pass_time(2, rate, prefixes)
    away_at = simulation.clock()
    for name in away:
        phones[name].online = False
    if seconds <= DEADLINE_SECONDS:
        simulation.pass_time(seconds, rate, prefixes)
    else:
        # Of a long outage only what falls due around its end, and what is fresh then, makes a difference.
        simulation.pass_time(seconds - DEADLINE_SECONDS - 30, 0.1, prefixes, sweep_seconds=30)
        simulation.pass_time(60, rate, prefixes)
        simulation.pass_time(DEADLINE_SECONDS - 60, 0.2, prefixes, sweep_seconds=1)
        simulation.pass_time(30, rate, prefixes)
    for name in away:
        phones[name].online = True
    back_at = simulation.clock()
    simulation.pass_time(12, rate, prefixes)
    return Outage(simulation, phones, away_at, back_at)


@pytest.mark.parametrize("rate", [1, 5, 15])
@pytest.mark.parametrize("seconds", [10, 60, 600, 3600])
def test_the_first_sms_leaves_soon_after_an_outage_of_any_length(
    fast: Database, monkeypatch: pytest.MonkeyPatch, rate: int, seconds: int
) -> None:
    simulation, phones = simulated(fast, monkeypatch, Sim("a", "a"))
    outage = run(simulation, phones, ["a"], seconds=seconds, rate=rate)
    assert outage.first_sms_seconds("a") <= FIRST_SMS_SECONDS
    # Those on their way when it opens, the steps, and then one probe in six to eight seconds.
    assert outage.asked("a") <= 8 + seconds / 6
    pauses = phones["a"].pauses(outage.back_at - timedelta(seconds=min(seconds, DEADLINE_SECONDS)))
    assert max(pauses) <= LONGEST_PAUSE_SECONDS


@pytest.mark.parametrize("seconds", [10, 60, 600, 3600])
def test_a_phone_that_can_be_asked_is_given_no_message_before_its_return_and_the_first_at_once(
    fast: Database, monkeypatch: pytest.MonkeyPatch, seconds: int
) -> None:
    simulation, phones = simulated(fast, monkeypatch, Sim("a", "a"))
    phones["a"].tells = True
    outage = run(simulation, phones, ["a"], seconds=seconds, rate=5)
    assert outage.first_sms_seconds("a") <= FIRST_SMS_OF_A_HEALTHY_PHONE_SECONDS
    assert outage.asked("a") == FAILURES_TO_OPEN


def test_a_sim_that_is_away_takes_nothing_from_the_one_that_serves(
    fast: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulation, phones = simulated(fast, monkeypatch, Sim("a", "a"), Sim("b", "b"))
    outage = run(simulation, phones, ["a"], seconds=60, rate=5)
    assert max(phones["b"].gaps(outage.away_at)) < 3
    # The probes are other people's messages: one in more than ten seconds.
    assert outage.asked("a") <= 10
    simulation.pass_time(8, 5)
    assert phones["a"].taken_at[-1] > outage.back_at
    assert waiting(simulation) == 0


def test_two_gateways_that_are_both_away_come_back_as_one_does(
    fast: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulation, phones = simulated(fast, monkeypatch, Sim("a", "a"), Sim("b", "b"))
    outage = run(simulation, phones, ["a", "b"], seconds=60, rate=5)
    first = min(at for phone in phones.values() for at in phone.taken_at if at >= outage.back_at)
    assert first - outage.back_at <= timedelta(seconds=FIRST_SMS_SECONDS)
    assert max(outage.asked(name) for name in phones) <= 8 + 60 / 6


def test_a_country_whose_phone_is_away_holds_up_no_other(
    fast: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    british = Sim("british", "british", countries=frozenset({"GB"}))
    american = Sim("american", "american", countries=frozenset({"US"}))
    simulation, phones = simulated(fast, monkeypatch, british, american)
    outage = run(simulation, phones, ["british"], seconds=320, rate=5, prefixes=("+4474", "+1202555"))
    assert max(phones["american"].gaps(outage.back_at - timedelta(seconds=30))) < 3
    assert outage.first_sms_seconds("british") <= FIRST_SMS_SECONDS


def test_test_keys_neither_wait_nor_are_a_probe(fast: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    simulation, phones = simulated(fast, monkeypatch, Sim("a", "a"))
    simulation.pass_time(1, 2)
    phones["a"].online = False
    simulation.pass_time(10, 2)
    tried = App("test:shop", test=True)
    for _ in range(20):
        rehearsed = simulation.service.issue(simulation.number("+4474"), tried)
        simulation.pass_time(1, 2)
        assert simulation.service.read(rehearsed).delivery.status is DeliveryStatus.SENT
    phones["a"].online = True
    back_at = simulation.clock()
    simulation.pass_time(10, 2)
    assert phones["a"].gaps(back_at)[0] <= FIRST_SMS_SECONDS


@pytest.mark.parametrize(
    ("away", "seconds"),
    [
        (Outcome(OutcomeKind.UNAVAILABLE, "the gateway cannot be reached (ConnectTimeout)"), 3.0),
        (Outcome(OutcomeKind.UNAVAILABLE, "no phone", retry_after_seconds=5), 0.05),
        (Outcome(OutcomeKind.THROTTLED, "fewer, please", retry_after_seconds=5), 0.05),
        (Outcome(OutcomeKind.THROTTLED, "fewer, please"), 0.05),
    ],
    ids=["hangs on connect", "503 with Retry-After", "429 with Retry-After", "429"],
)
def test_no_way_of_being_away_makes_a_storm_or_a_standstill(
    fast: Database, monkeypatch: pytest.MonkeyPatch, away: Outcome, seconds: float
) -> None:
    simulation, phones = simulated(fast, monkeypatch, Sim("a", "a"))
    phones["a"].away, phones["a"].away_seconds = away, seconds
    outage = run(simulation, phones, ["a"], seconds=60, rate=5)
    longest = 30 if away.kind is OutcomeKind.THROTTLED and not away.retry_after_seconds else FIRST_SMS_SECONDS
    assert outage.asked("a") <= 8 + 60 / 5
    simulation.pass_time(longest, 5)
    assert outage.first_sms_seconds("a") <= longest + seconds


def waiting(simulation: Simulation) -> int:
    """How many deliveries have waited for a SIM to the end of the simulation."""
    return deliveries.count_open(simulation.service.db)[DeliveryStatus.WAITING]
