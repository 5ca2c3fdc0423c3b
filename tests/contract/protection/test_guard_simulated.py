"""Four weeks of everyday life and abuse, hour by hour: who is paused, and when. Run with -s to read it."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from otp_worker.domain.errors import SendsPausedError
from otp_worker.domain.ports import Outbox
from otp_worker.domain.pumping import GuardMode
from otp_worker.protection.pauses import Pauses
from otp_worker.protection.pumping_guard import PumpingGuard
from otp_worker.store import notifications
from otp_worker.store import pauses as stored_pauses
from otp_worker.store.database import Database
from tests.contract.protection.town import BLOCK, HOUR, MIN_SENDS, Town
from tests.contract.service import NUMBER, START, Service

Hourly = Callable[[Town, int], None]
Told = list[tuple[int, str, str, str]]
"""The hour, ``paused`` or ``observed``, the app, and the block or country."""


class Simulation:
    """Each hour something is sent, and the guard sweeps."""

    def __init__(self, db: Database) -> None:
        self.service = Service(db)
        self.town = Town(self.service)
        self._guard = PumpingGuard(db, GuardMode.ON, MIN_SENDS, HOUR, Outbox(("webhook",), lambda _: True))

    def run(self, hours: int, hourly: Hourly) -> Told:
        """Who is told of, and when, in words that are printed."""
        told: Told = []
        for hour in range(hours):
            hourly(self.town, hour)
            self._guard.sweep(self.service.clock())
            told += [
                (hour, "observed" if each.observed else "paused", str(each.app), each.label)
                for each in stored_pauses.known_pauses(self.service.db)
                if each.paused_at == self.service.clock()
            ]
            self.service.clock.move(HOUR)
        for at, what, app, label in told:
            print(f"hour {at}: {label} {what} for {app}")
        return told


@pytest.fixture
def simulation(db: Database) -> Simulation:
    return Simulation(db)


def everyday(town: Town) -> None:
    """The bank's week: three of four codes are entered."""
    town.sends(8, 6, app="bank")


def test_an_honest_launch_is_not_paused(simulation: Simulation) -> None:
    def launch(town: Town, hour: int) -> None:
        town.sends(10 * (hour + 1), 7 * (hour + 1))

    assert simulation.run(12, launch) == []


def test_a_load_test_on_a_fresh_install_is_told_of_and_stops_nobody(simulation: Simulation) -> None:
    def load(town: Town, hour: int) -> None:
        everyday(town)
        if hour == 0:
            town.sends(200, 0)

    told = simulation.run(6, load)
    assert {(what, app) for _, what, app, _ in told} == {("observed", "shop")}
    assert simulation.service.issue().id


def test_an_app_that_never_checks_is_told_of_once_and_then_is_as_usual(simulation: Simulation) -> None:
    told = simulation.run(30, lambda town, hour: town.sends(120, 0))
    assert {what for _, what, _, _ in told} == {"observed"}
    assert max(hour for hour, *_ in told) < 4


def test_slow_pumping_over_a_thousand_blocks_pauses_the_country_for_that_app_alone(
    simulation: Simulation,
) -> None:
    def slowly(town: Town, hour: int) -> None:
        everyday(town)
        town.sends(8, 6)
        for n in range(200 if hour >= 30 else 0):
            town.sends(1, 0, block=f"+4474{(hour * 200 + n) % 1000:04}")

    told = simulation.run(35, slowly)
    assert {told_of[1:] for told_of in told} == {("paused", "shop", "GB")}
    assert told[0][0] == 30


def test_burst_pumping_pauses_the_block_at_once_and_for_that_app_alone(simulation: Simulation) -> None:
    def burst(town: Town, hour: int) -> None:
        everyday(town)
        town.sends(60 if hour == 30 else 8, 0 if hour == 30 else 6)

    told = simulation.run(31, burst)
    assert told == [(30, "paused", "shop", "+44740012****")]
    pauses = Pauses(simulation.service.db, simulation.service.limits, GuardMode.ON)
    now = START + timedelta(hours=30, seconds=1)
    with pytest.raises(SendsPausedError):
        pauses.refuse_paused(NUMBER, "GB", "shop", now)
    pauses.refuse_paused(NUMBER, "GB", "bank", now)


def test_what_is_told_of_names_only_what_was_measured(simulation: Simulation) -> None:
    simulation.run(1, lambda town, hour: town.sends(30, 0, block=BLOCK))
    [observed] = stored_pauses.known_pauses(simulation.service.db)
    assert observed.reason == "0 of 30 codes entered in an hour; what is usual is not known yet"
    [notice_id] = notifications.due_notices(simulation.service.db, simulation.service.clock(), 10)
    now = simulation.service.clock()
    notice = notifications.claim_notice(simulation.service.db, notice_id, now, now)
    assert notice is not None
    assert (notice.data["app"], notice.data["observed"]) == ("shop", True)
