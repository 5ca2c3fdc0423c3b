"""The faults of a run, and the people who ask for codes in it."""

from itertools import product

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from otp_worker.devtools.chaos.families import DEFAULT_FAMILIES, LINK, Family, cards_of, needs, read_families
from otp_worker.devtools.chaos.load import plan_errands
from otp_worker.devtools.chaos.plan import (
    DATABASE,
    GATEWAY,
    HARMLESS,
    QUIET_AFTER_RETURN_SECONDS,
    Cards,
    Kind,
    plan_faults,
)
from otp_worker.domain.phone_number import parse_number

SEEDS = st.integers(min_value=0, max_value=2**32)
USUAL_ON_POSTGRES = cards_of([Family.USUAL], ("postgres", "redis"))
USUAL_ON_SQLITE = cards_of([Family.USUAL], ("sqlite", "redis"))
ROUNDING = 0.01
SERVICES = [
    *product(("sqlite", "postgres"), ("redis", "rabbitmq"), (LINK,)),
    ("replica", "redis", LINK),
    ("sqlite", "sentinels"),
    ("sqlite", "rabbit-cluster"),
]


@given(SEEDS)
def test_the_same_seed_makes_the_same_plan(seed: int) -> None:
    first = plan_faults(seed, 60, 20, USUAL_ON_POSTGRES)
    assert first == plan_faults(seed, 60, 20, USUAL_ON_POSTGRES)
    assert first != plan_faults(seed + 1, 60, 20, USUAL_ON_POSTGRES)


@given(SEEDS, st.integers(20, 200))
def test_as_many_are_killed_as_were_asked_for(seed: int, kills: int) -> None:
    plan = plan_faults(seed, 3 * kills, kills, USUAL_ON_SQLITE)
    assert sum(fault.is_kill for fault in plan) == kills


@given(SEEDS)
def test_every_kind_of_fault_comes_up(seed: int) -> None:
    plan = plan_faults(seed, 120, 40, USUAL_ON_POSTGRES)
    struck = {(fault.kind, fault.target) for fault in plan}
    assert struck == {*USUAL_ON_POSTGRES.kills, *USUAL_ON_POSTGRES.others}


@given(SEEDS)
def test_a_database_that_is_a_file_is_not_restarted(seed: int) -> None:
    plan = plan_faults(seed, 120, 40, USUAL_ON_SQLITE)
    assert DATABASE not in {fault.target for fault in plan}


@given(SEEDS)
def test_the_faults_lie_within_the_run_and_heal_soon(seed: int) -> None:
    for fault in plan_faults(seed, 60, 20, USUAL_ON_POSTGRES):
        assert 0 < fault.at_seconds < 60
        assert 0 <= fault.for_seconds <= 5
        assert fault.for_seconds > 0 or fault.kind is Kind.CUT


@example(3126391882)
@given(SEEDS)
def test_nothing_is_struck_while_it_still_suffers(seed: int) -> None:
    plan = plan_faults(seed, 1200, 20, USUAL_ON_POSTGRES)
    for number, fault in enumerate(plan):
        for later in plan[number + 1 :]:
            assert later.target != fault.target or later.at_seconds >= fault.heals_at


@given(SEEDS)
def test_every_errand_has_a_number_of_its_own_that_intake_takes(seed: int) -> None:
    errands = plan_errands(seed, 60, 60, 120)
    assert errands == plan_errands(seed, 60, 60, 120)
    asked = [number for errand in errands for number, _ in errand.wishes]
    assert len(asked) == len({parse_number(number, frozenset({"GB"})).e164 for number in asked}) == 60
    assert all(0 <= errand.at_seconds <= 60 for errand in errands)


@given(SEEDS, st.sampled_from(SERVICES))
def test_everything_that_a_service_can_suffer_is_dealt(seed: int, parts: tuple[str, ...]) -> None:
    cards = cards_of(tuple(Family), parts)
    plan = plan_faults(seed, 1200, 120, cards, deadline_seconds=60)
    struck = {(fault.kind, fault.target) for fault in plan}
    assert struck == {*cards.kills, *cards.others}


def test_every_kind_of_fault_belongs_to_a_family() -> None:
    dealt = {
        kind
        for parts in SERVICES
        for family in Family
        for kind, _ in (*cards_of([family], parts).kills, *cards_of([family], parts).others)
    }
    assert dealt == set(Kind)


def test_a_family_that_finds_nothing_to_strike_says_what_it_needs() -> None:
    assert needs(Family.READ_ONLY, ("sqlite", "redis")) == "it needs postgres"
    assert needs(Family.FULL_DISK, ("postgres", "redis")) == "it needs sqlite"
    assert needs(Family.FLOOD, ("sqlite", "rabbitmq")) == "it needs redis"
    assert needs(Family.BROKER_ERRORS, ("sqlite", "rabbitmq")) is None
    assert needs(Family.CLOCKS, ("sqlite", "rabbitmq")) is None


def test_families_are_named_with_commas_or_all_at_once() -> None:
    assert read_families("usual, clocks") == (Family.USUAL, Family.CLOCKS)
    assert read_families("all") == tuple(Family)
    assert read_families(",".join(DEFAULT_FAMILIES)) == DEFAULT_FAMILIES
    with pytest.raises(ValueError, match="earthquake"):
        read_families("earthquake")


@given(SEEDS)
def test_a_strict_blow_at_a_web_child_takes_the_place_of_the_lenient_one(seed: int) -> None:
    cards = cards_of([Family.USUAL, Family.WEB_CHILD], ("sqlite", "redis"))
    kinds = {fault.kind for fault in plan_faults(seed, 600, 60, cards)}
    assert Kind.KILL_WEB_CHILD in kinds
    assert Kind.KILL_CHILD not in kinds


@given(SEEDS, st.integers(180, 1800), st.integers(40, 120))
def test_an_outage_outlasts_the_deadline_and_nothing_strikes_around_its_end(
    seed: int, seconds: int, deadline_seconds: int
) -> None:
    cards = cards_of([Family.USUAL, Family.LONG_OUTAGE], ("postgres", "redis"))
    plan = plan_faults(seed, seconds, seconds // 9, cards, deadline_seconds=deadline_seconds)
    outages = [fault for fault in plan if fault.kind is Kind.LONG_OUTAGE]
    assert outages
    for outage in outages:
        assert outage.for_seconds > deadline_seconds
        quiet_until = outage.heals_at + QUIET_AFTER_RETURN_SECONDS - ROUNDING
        others = [fault for fault in plan if fault is not outage and fault.kind not in HARMLESS]
        assert not [fault for fault in others if outage.heals_at <= fault.at_seconds < quiet_until]
        assert not [fault for fault in others if fault.at_seconds < outage.heals_at < fault.heals_at]
        # To heal another trouble of the gateway would end the outage.
        during = [fault for fault in others if outage.at_seconds < fault.heals_at and fault.target == GATEWAY]
        assert not [fault for fault in during if fault.at_seconds < outage.heals_at]


@given(SEEDS)
def test_steps_of_a_clock_have_either_sign_and_every_size(seed: int) -> None:
    plan = plan_faults(seed, 1200, 120, cards_of([Family.CLOCKS], ("sqlite", "redis")))
    steps = {fault.by_seconds for fault in plan}
    assert min(steps) == -max(steps) == -3600
    assert 0 not in steps


@given(SEEDS)
def test_a_run_without_cards_is_a_run_without_faults(seed: int) -> None:
    assert plan_faults(seed, 60, 20, Cards((), ())) == []


@given(SEEDS, st.sampled_from([Family.WEBHOOK, Family.CLOCKS, Family.RESOLVER]))
def test_what_lasts_long_never_strikes_twice_at_once(seed: int, family: Family) -> None:
    plan = plan_faults(seed, 60, 40, cards_of([family], ("sqlite", "redis")))
    assert plan
    for number, fault in enumerate(plan):
        for later in plan[number + 1 :]:
            assert later.target != fault.target or later.at_seconds >= fault.heals_at
