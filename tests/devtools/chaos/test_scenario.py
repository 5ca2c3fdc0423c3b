"""What a run is like follows from what it is to draw from, and from what the machine can do."""

import pytest

from otp_worker.devtools.chaos import scenario
from otp_worker.devtools.chaos.families import DEFAULT_FAMILIES, Family
from otp_worker.devtools.chaos.flood import LIMIT
from otp_worker.devtools.chaos.insides import SKEW_SECONDS
from otp_worker.devtools.chaos.plan import Kind
from otp_worker.devtools.chaos.scenario import BrokerKind, DatabaseKind, Scenario, Topology


def drawing(*families: Family, **changes: object) -> Scenario:
    return Scenario(4, families=families, **changes)  # type: ignore[arg-type]


def test_a_plain_run_draws_from_the_default_families() -> None:
    assert Scenario(4) == drawing(*DEFAULT_FAMILIES)


def test_what_a_machine_or_a_service_cannot_suffer_is_skipped_with_its_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(scenario, "unable", {Family.CLOCKS: "no library"}.get)
    asked = drawing(*Family, database=DatabaseKind.SQLITE, broker=BrokerKind.RABBITMQ)
    assert asked.skipped == {
        Family.CLOCKS: "no library",
        Family.ISOLATION: "it needs postgres",
        Family.FLOOD: "it needs redis",
        Family.READ_ONLY: "it needs postgres",
    }
    assert set(asked.families) == set(Family) - set(asked.skipped)
    assert Kind.CLOCK_STEP not in {fault.kind for fault in asked.plan}


def test_the_deadline_leaves_room_for_an_outage_that_outlasts_it() -> None:
    assert drawing(Family.LONG_OUTAGE, seconds=240).deadline_seconds == 60
    assert drawing(Family.LONG_OUTAGE, seconds=1800).deadline_seconds == 120
    assert drawing(Family.USUAL, seconds=240).deadline_seconds == 120
    asked = drawing(Family.LONG_OUTAGE, seconds=240)
    assert asked.settings["OTP_SEND_DEADLINE_SECONDS"] == "60"
    assert asked.terms.deadline_seconds == 60
    assert [fault.kind for fault in asked.plan] == [Kind.LONG_OUTAGE]


def test_one_numbers_limit_is_narrow_only_where_a_number_is_flooded() -> None:
    assert drawing(Family.FLOOD).settings["OTP_LIMIT_NUMBER"] == f"{LIMIT}/10m"
    assert drawing(Family.FLOOD).terms.flood_limit == LIMIT
    assert drawing(Family.USUAL).settings["OTP_LIMIT_NUMBER"] == ""


def test_the_account_allows_for_clocks_that_differ_only_where_they_do() -> None:
    assert drawing(Family.CLOCKS).terms.clocks_differ_by == 2 * SKEW_SECONDS
    assert drawing(Family.USUAL).terms.clocks_differ_by is None


def test_what_cannot_befall_several_servers_is_skipped() -> None:
    sentinels = drawing(*Family, topology=Topology.SENTINEL)
    assert sentinels.skipped[Family.BROKER_ERRORS] == "it needs redis or rabbitmq"
    assert not {Kind.REFUSE, Kind.BLACKHOLE, Kind.CUT} & {fault.kind for fault in sentinels.plan}
    replica = drawing(Family.USUAL, Family.FULL_DISK, seconds=600, topology=Topology.REPLICA)
    assert replica.skipped == {Family.FULL_DISK: "it needs sqlite"}
    assert {Kind.SWITCH_OVER, Kind.CUT} <= {fault.kind for fault in replica.plan}
    assert Kind.RESTART not in {fault.kind for fault in replica.plan}
