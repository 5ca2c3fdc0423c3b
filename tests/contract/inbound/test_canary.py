"""Canaries over a real database: from SIM to SIM, measured where they come in."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import time

import pytest
from sqlalchemy import func, select

from otp_worker.domain.gateway import Reply
from otp_worker.domain.policy import Policy
from otp_worker.domain.ports import Outbox
from otp_worker.domain.sim import Hours, Sim, Sims
from otp_worker.inbound.canary import LOST_AFTER, Canaries
from otp_worker.protection.circuit_breaker import FAILURES_TO_OPEN
from otp_worker.store import canaries, notifications
from otp_worker.store.canaries import Way
from otp_worker.store.circuit_breakers import read_state
from otp_worker.store.database import Database
from otp_worker.store.schema import notices
from otp_worker.store.sim_budgets import reserve, usage
from tests.contract.service import ACCEPTED, OFFLINE, REFUSED, START, ObedientGateway, Service, fail_gateway

FIRST, SECOND, THIRD = (
    Sim(name, name, number=f"+44770090000{n}", slot=str(n)) for n, name in enumerate(["a", "b", "c"])
)


class Phones:
    """Some SIMs, each behind a gateway of its own, and the canaries between them."""

    def __init__(self, db: Database, *of: Sim) -> None:
        self.gateways = {sim.gateway: ObedientGateway(name=sim.gateway) for sim in of}
        sims = Sims(of, self.gateways)
        self.service = Service(db, Policy(countries=frozenset({"GB"}), bcrypt_rounds=4), sims=sims)
        self.canaries = Canaries(
            db, self.service.keyring, sims, self.service.breaker.away, Outbox(("webhook",), lambda _: True)
        )

    def sweep(self) -> str:
        return self.canaries.sweep(self.service.clock())

    def comes_in(self, sender: Sim, text: str | None = None, written: str | None = None) -> bool:
        """Whether what the SIM sent last, as it comes in at the other, is taken for one of ours."""
        text = text or self.gateways[sender.gateway].messages[-1].text
        reply = Reply(written or sender.number or "", text, None, self.service.clock(), "key")
        return self.canaries.arrive(reply, self.service.clock())


@pytest.mark.parametrize("written", ["+447400900001", "447400900001", "07400900001", "00447400900001"])
def test_one_of_our_sims_is_known_however_a_gateway_writes_it(db: Database, written: str) -> None:
    phones = Phones(db, FIRST, replace(SECOND, number="+447400900001"))
    assert phones.comes_in(SECOND, "any text", written)
    assert not phones.comes_in(SECOND, "any text", "07400900002")


def test_each_sim_in_turn_writes_to_the_next(db: Database) -> None:
    phones = Phones(db, FIRST, SECOND, THIRD)
    said = []
    for _ in range(4):
        said.append(phones.sweep())
        phones.service.clock.move(60)
    assert said == [
        "a canary from a to b",
        "a canary from b to c",
        "a canary from c to a",
        "a canary from a to b",
    ]
    message = phones.gateways["b"].messages[0]
    assert (message.to, message.sender, message.slot) == (THIRD.number, SECOND.number, "1")
    assert not any(digit in message.text.split()[1] for digit in "0123456789")


def test_what_it_took_is_measured_where_it_comes_in(db: Database) -> None:
    phones = Phones(db, FIRST, SECOND)
    phones.sweep()
    phones.service.clock.move(3.5)
    assert phones.comes_in(FIRST)
    phones.service.clock.move(1)
    assert phones.comes_in(FIRST)
    assert canaries.ways(db) == [Way("a", "b", 3.5, 0)]


def test_one_that_does_not_come_in_is_reported_once(db: Database) -> None:
    phones = Phones(db, FIRST, SECOND)
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


@pytest.mark.parametrize("text", ["hello", "otp-worker canary 01JZZZZZZZZZZZZZZZZZZZZZZZ"])
def test_whatever_our_own_sims_say_is_nobodys_reply(db: Database, text: str) -> None:
    phones = Phones(db, FIRST, SECOND)
    phones.sweep()
    assert phones.comes_in(FIRST, text)
    assert [way.last_seconds for way in canaries.ways(db)] == [None]


def test_a_persons_reply_is_no_canary_whatever_it_says(db: Database) -> None:
    phones = Phones(db, FIRST, SECOND)
    phones.sweep()
    stranger = replace(FIRST, number="+447400123456")
    assert not phones.comes_in(stranger)
    assert [way.last_seconds for way in canaries.ways(db)] == [None]


def test_a_canary_from_another_sim_than_it_was_sent_from_does_not_count(db: Database) -> None:
    phones = Phones(db, FIRST, SECOND)
    phones.sweep()
    phones.comes_in(SECOND, phones.gateways["a"].messages[-1].text)
    assert [way.last_seconds for way in canaries.ways(db)] == [None]


def test_canaries_count_for_the_budget_and_never_exceed_it(db: Database) -> None:
    tight = replace(FIRST, per_day=1)
    phones = Phones(db, tight, SECOND)
    said = []
    for _ in range(3):
        said.append(phones.sweep())
        phones.service.clock.move(60)
    assert said[2] == "no canary from a: a has sent its 1 of today"
    assert len(phones.gateways["a"].messages) == 1


def test_one_that_was_certainly_not_sent_is_not_lost(db: Database) -> None:
    tight = replace(FIRST, per_day=1)
    phones = Phones(db, tight, SECOND)
    phones.gateways["a"].outcomes = [OFFLINE]
    assert phones.sweep() == f"no canary from a: {OFFLINE.reason}"
    phones.service.clock.move(300)
    phones.canaries.sweep(phones.service.clock())
    assert canaries.ways(db) == [Way("b", "a", None, 0)]
    (used,) = usage(db, [tight], START)
    assert used.sent_today == 0


def test_one_sim_alone_has_nobody_to_write_to(db: Database) -> None:
    phones = Phones(db, FIRST, Sim("nameless", "nameless"))
    assert phones.sweep() == "fewer than two SIMs have a number: no canary"


def test_old_canaries_are_purged(db: Database) -> None:
    phones = Phones(db, FIRST, SECOND)
    phones.sweep()
    phones.service.clock.move(31 * 86_400)
    phones.service.expirer.purge(phones.service.clock())
    assert canaries.ways(db) == []


def test_none_leaves_outside_the_hours_of_its_sim(db: Database) -> None:
    phones = Phones(db, replace(FIRST, hours=Hours(time(13), time(20))), SECOND)
    assert phones.sweep() == "a canary from b to a"
    assert phones.gateways["a"].messages == []


def test_none_leaves_by_a_gateway_that_is_away_and_none_is_its_probe(db: Database) -> None:
    phones = Phones(db, FIRST, SECOND)
    for _ in range(FAILURES_TO_OPEN):
        fail_gateway(db, "a", START, "no paired phone is online")
    assert phones.sweep() == "no canary from a: no paired phone is online"
    assert phones.gateways["a"].messages == []
    assert read_state(db, "a").probe_at == START


def test_two_beats_make_one_canary(db: Database) -> None:
    phones = Phones(db, FIRST, SECOND)
    said = [phones.sweep() for _ in range(2)]
    assert said == ["a canary from a to b", "somebody else sends the canary of this time"]
    assert sum(len(gateway.messages) for gateway in phones.gateways.values()) == 1


def test_many_upkeeps_at_once_make_one_canary(db: Database) -> None:
    phones = Phones(db, FIRST, SECOND, THIRD)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: phones.sweep(), range(16)))
    assert sum(len(gateway.messages) for gateway in phones.gateways.values()) == 1


def test_another_interval_goes_on_with_the_rotation(db: Database) -> None:
    phones = Phones(db, FIRST, SECOND, THIRD)
    phones.sweep()
    phones.service.clock.move(600)
    slower = replace(phones.canaries, every_seconds=600)
    assert slower.sweep(phones.service.clock()) == "a canary from b to c"


@pytest.mark.parametrize("why", ["budget", "refused", "away"])
def test_a_sim_that_cannot_send_is_reported_once_and_the_others_go_on(db: Database, why: str) -> None:
    tight = replace(FIRST, per_day=1, recipients_per_month=1) if why == "budget" else FIRST
    phones = Phones(db, tight, SECOND, THIRD)
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
    phones = Phones(db, FIRST, SECOND)
    for outcome in (REFUSED, ACCEPTED, REFUSED):
        phones.gateways["a"].outcomes = [outcome]
        for _ in range(2):
            phones.sweep()
            phones.service.clock.move(60)
    assert _failures_told(db) == 2


def test_no_sim_writes_to_a_number_that_it_may_not_send_to(db: Database) -> None:
    """It is left out where it may write to none of the others, and writes to the next one that it may."""
    german = replace(SECOND, number="+4915112345678")
    phones = Phones(
        db,
        replace(FIRST, countries=frozenset({"GB"})),
        german,
        replace(THIRD, countries=frozenset({"FR"})),
    )
    said = []
    for _ in range(3):
        said.append(phones.sweep())
        phones.service.clock.move(60)
    assert said == ["a canary from a to c", "a canary from b to c", "a canary from a to c"]


def test_a_sim_outside_its_hours_sends_none_and_the_next_one_has_its_turn(db: Database) -> None:
    night = replace(FIRST, hours=Hours(time(22), time(6)))
    assert Phones(db, night, SECOND).sweep() == "a canary from b to a"


def test_a_machine_whose_clock_is_behind_measures_no_negative_time(db: Database) -> None:
    phones = Phones(db, FIRST, SECOND)
    phones.sweep()
    phones.service.clock.move(-5)
    phones.comes_in(FIRST)
    assert canaries.ways(db) == [Way("a", "b", 0.0, 0)]


def _failures_told(db: Database) -> int:
    with db.read() as connection:
        told = select(func.count()).where(notices.c.type == canaries.FAILED)
        return int(connection.execute(told).scalar_one())
