"""The busiest minutes of a load, played by the service's own rules."""

import pytest

from otp_worker.devtools.capacity.sheet import Demand
from otp_worker.devtools.capacity.simulation import Part, Simulated, Simulation

SECONDS = 40


def played(seconds: float = SECONDS, **given: int) -> Simulated:
    """A tenth of a million codes a day, 5.8 a second at the peak."""
    return Simulation(Demand(100_000, **given), seconds).run()


def test_with_what_the_sheet_says_nothing_is_held_up() -> None:
    told = played(sims=22, cores=2)
    assert (told.first, told.late) == (None, 0)
    assert told.sent >= told.asked - 5


def test_too_few_sims_hold_codes_up_first() -> None:
    told = played(sims=6, cores=4)
    assert (told.first, told.busy[Part.SIMS] > 0.95) == (Part.SIMS, True)


def test_too_few_cores_hold_codes_up_first() -> None:
    told = Simulation(Demand(400_000, sims=100, cores=1), SECONDS).run()
    assert (told.first, told.busy[Part.CORES] > 0.95) == (Part.CORES, True)


def test_no_sim_sends_more_than_its_pace_allows() -> None:
    told = played(sims=3, cores=8)
    # Each has two turns at once, and then one every three seconds.
    assert 3 * (SECONDS // 3) <= told.sent <= 3 * (2 + SECONDS // 3)


def test_what_waits_beyond_its_deadline_is_late() -> None:
    told = Simulation(Demand(100_000, sims=2, cores=4), 340).run()
    assert told.late > 0
    assert told.sent + told.late + told.waiting <= told.asked


def test_the_same_seed_plays_the_same() -> None:
    assert played(sims=10) == played(sims=10)
    assert Simulation(Demand(100_000), SECONDS, seed=2).run() != Simulation(Demand(100_000), SECONDS).run()


@pytest.mark.nightly
def test_a_thousand_sims_at_ten_million_codes_a_day_run_out_of_sims_first() -> None:
    """At the peak SIMs are what is missing, and with enough of them nothing else is."""
    short = Simulation(Demand(10_000_000, sims=1000, cores=64), 20).run()
    assert (short.first, short.late) == (Part.SIMS, 0)
    assert short.busy[Part.SIMS] > 0.95
    enough = Simulation(Demand(10_000_000, sims=2000, cores=64), 20).run()
    assert (enough.first, enough.late) == (None, 0)
    mean = Simulation(Demand(10_000_000, peak_factor=1, sims=1000, cores=12), 60).run()
    assert (mean.first, mean.late) == (None, 0)
