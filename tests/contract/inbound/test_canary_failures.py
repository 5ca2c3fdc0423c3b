"""Canaries that are lost, or cannot be sent: reported once, and the others go on."""

import json
from dataclasses import replace
from datetime import time

import pytest
from sqlalchemy import func, select

from otp_worker.domain.sim import Hours
from otp_worker.inbound.canary import LOST_AFTER
from otp_worker.protection.circuit_breaker import FAILURES_TO_OPEN
from otp_worker.store import canaries, notifications
from otp_worker.store.canaries import Way
from otp_worker.store.circuit_breakers import read_state
from otp_worker.store.database import Database
from otp_worker.store.schema import notices
from otp_worker.store.sim_budgets import reserve, usage
from tests.contract.inbound.canary_phones import FIRST, SECOND, THIRD, CanaryPhones
from tests.contract.service import ACCEPTED, OFFLINE, REFUSED, START, fail_gateway


def test_one_that_does_not_come_in_is_reported_once(db: Database) -> None:
    phones = CanaryPhones(db, FIRST, SECOND)
    phones.sweep()
    for seconds, reports in ((119, 0), (1, 1), (60, 1), (600, 1)):
        phones.service.clock.move(seconds)
        canaries.lose(db, phones.service.clock() - LOST_AFTER, ["webhook"], phones.service.clock())
        assert len(notifications.due_notices(db, phones.service.clock(), 100)) == reports
    assert canaries.ways(db) == [Way("a", "b", None, 1)]


def test_a_way_on_which_they_are_lost_is_reported_once_and_so_is_that_they_arrive_again(db: Database) -> None:
    now, channels, told = START, ["webhook"], []
    for n, arrives in enumerate([False, False, False, True, True, False]):
        canaries.insert_canary(db, f"canary-{n}", "a", "b", now)
        if arrives:
            told.append(canaries.arrive(db, f"canary-{n}", "a", channels, now))
        now += LOST_AFTER
        told += [notices for _, notices in canaries.lose(db, now, channels, now)]
    assert [len(each or []) for each in told] == [1, 0, 0, 1, 0, 1]
    with db.read() as connection:
        rows = connection.execute(select(notices).order_by(notices.c.created_at)).all()
    way = {"from_sim": "a", "to_sim": "b"}
    assert [(row.type, json.loads(row.data)) for row in rows] == [
        ("canary.lost", way),
        ("canary.back", {**way, "since": (START + LOST_AFTER).isoformat()}),
        ("canary.lost", way),
    ]


def test_one_that_was_certainly_not_sent_is_not_lost(db: Database) -> None:
    tight = replace(FIRST, per_day=1)
    phones = CanaryPhones(db, tight, SECOND)
    phones.gateways["a"].outcomes = [OFFLINE]
    assert phones.sweep() == f"no canary from a: {OFFLINE.reason}"
    phones.service.clock.move(300)
    phones.canaries.sweep(phones.service.clock())
    assert canaries.ways(db) == [Way("b", "a", None, 0)]
    (used,) = usage(db, [tight], START)
    assert used.sent_today == 0


def test_none_leaves_outside_the_hours_of_its_sim(db: Database) -> None:
    phones = CanaryPhones(db, replace(FIRST, hours=Hours(time(13), time(20))), SECOND)
    assert phones.sweep() == "a canary from b to a"
    assert phones.gateways["a"].messages == []


def test_none_leaves_by_a_gateway_that_is_away_and_none_is_its_probe(db: Database) -> None:
    phones = CanaryPhones(db, FIRST, SECOND)
    for _ in range(FAILURES_TO_OPEN):
        fail_gateway(db, "a", START, "no paired phone is online")
    assert phones.sweep() == "no canary from a: no paired phone is online"
    assert phones.gateways["a"].messages == []
    assert read_state(db, "a").probe_at == START


@pytest.mark.parametrize("why", ["budget", "refused", "away"])
def test_a_sim_that_cannot_send_is_reported_once_and_the_others_go_on(db: Database, why: str) -> None:
    tight = replace(FIRST, per_day=1, recipients_per_month=1) if why == "budget" else FIRST
    phones = CanaryPhones(db, tight, SECOND, THIRD)
    if why == "budget":
        assert not isinstance(reserve(db, tight, b"x" * 32, START), str)
    if why == "refused":
        phones.gateways["a"].outcomes = [REFUSED]
    if why == "away":
        for _ in range(FAILURES_TO_OPEN):
            fail_gateway(db, "a", START, "no paired phone is online")
    said = []
    for _ in range(9):
        said.append(phones.sweep())
        phones.service.clock.move(60)
    assert [each.startswith("no canary from a: ") for each in said] == 3 * [True, False, False]
    assert [each for each in said if not each.startswith("no")] == 3 * [
        "a canary from b to c",
        "a canary from c to a",
    ]
    assert _failures_told(db) == 1
    assert len(phones.gateways["a"].messages) == (3 if why == "refused" else 0)


def test_a_sim_that_fails_again_after_it_was_well_is_reported_again(db: Database) -> None:
    phones = CanaryPhones(db, FIRST, SECOND)
    for outcome in (REFUSED, ACCEPTED, REFUSED):
        phones.gateways["a"].outcomes = [outcome]
        for _ in range(2):
            phones.sweep()
            phones.service.clock.move(60)
    assert _failures_told(db) == 2


def test_no_sim_writes_to_a_number_that_it_may_not_send_to(db: Database) -> None:
    """It is left out where it may write to none of the others, and writes to the next one that it may."""
    german = replace(SECOND, number="+4915112345678")
    phones = CanaryPhones(
        db, replace(FIRST, countries=frozenset({"GB"})), german, replace(THIRD, countries=frozenset({"FR"}))
    )
    said = []
    for _ in range(3):
        said.append(phones.sweep())
        phones.service.clock.move(60)
    assert said == ["a canary from a to c", "a canary from b to c", "a canary from a to c"]


def test_a_sim_outside_its_hours_sends_none_and_the_next_one_has_its_turn(db: Database) -> None:
    night = replace(FIRST, hours=Hours(time(22), time(6)))
    assert CanaryPhones(db, night, SECOND).sweep() == "a canary from b to a"


def _failures_told(db: Database) -> int:
    with db.read() as connection:
        told = select(func.count()).where(notices.c.type == canaries.FAILED)
        return int(connection.execute(told).scalar_one())
