"""The faults of a run, and the people who ask for codes in it."""

from hypothesis import given
from hypothesis import strategies as st

from otp_worker.devtools.chaos.load import plan_errands
from otp_worker.devtools.chaos.plan import (
    DATABASE,
    DATABASE_CARDS,
    KILL_CARDS,
    OTHER_CARDS,
    Kind,
    plan_faults,
)
from otp_worker.domain.phone_number import parse_number

SEEDS = st.integers(min_value=0, max_value=2**32)


@given(SEEDS)
def test_the_same_seed_makes_the_same_plan(seed: int) -> None:
    first = plan_faults(seed, 60, 20, server_database=True)
    assert first == plan_faults(seed, 60, 20, server_database=True)
    assert first != plan_faults(seed + 1, 60, 20, server_database=True)


@given(SEEDS, st.integers(20, 200))
def test_as_many_are_killed_as_were_asked_for(seed: int, kills: int) -> None:
    plan = plan_faults(seed, 3 * kills, kills, server_database=False)
    assert sum(fault.is_kill for fault in plan) == kills


@given(SEEDS)
def test_every_kind_of_fault_comes_up(seed: int) -> None:
    plan = plan_faults(seed, 120, 40, server_database=True)
    struck = {(fault.kind, fault.target) for fault in plan}
    assert struck == {*KILL_CARDS, *OTHER_CARDS, *DATABASE_CARDS}


@given(SEEDS)
def test_a_database_that_is_a_file_is_not_restarted(seed: int) -> None:
    plan = plan_faults(seed, 120, 40, server_database=False)
    assert DATABASE not in {fault.target for fault in plan}


@given(SEEDS)
def test_the_faults_lie_within_the_run_and_heal_soon(seed: int) -> None:
    for fault in plan_faults(seed, 60, 20, server_database=True):
        assert 0 < fault.at_seconds < 60
        assert 0 <= fault.for_seconds <= 5
        assert fault.for_seconds > 0 or fault.kind is Kind.CUT


@given(SEEDS)
def test_nothing_is_struck_while_it_still_suffers(seed: int) -> None:
    plan = plan_faults(seed, 1200, 20, server_database=True)
    for number, fault in enumerate(plan):
        for later in plan[number + 1 :]:
            assert later.target != fault.target or later.at_seconds >= fault.heals_at


@given(SEEDS)
def test_every_errand_has_a_number_of_its_own_that_intake_takes(seed: int) -> None:
    errands = plan_errands(seed, 50, 60)
    assert errands == plan_errands(seed, 50, 60)
    numbers = {parse_number(errand.number, frozenset({"GB"})).e164 for errand in errands}
    assert len(numbers) == 50
    assert all(0 <= errand.at_seconds <= 60 for errand in errands)
