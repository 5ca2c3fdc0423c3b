"""Canaries over a real database: from SIM to SIM, measured where they come in."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from otp_worker.domain.sim import Sim
from otp_worker.store import canaries
from otp_worker.store.canaries import Way
from otp_worker.store.database import Database
from tests.contract.inbound.canary_phones import FIRST, SECOND, THIRD, CanaryPhones


@pytest.mark.parametrize("written", ["+447400900001", "447400900001", "07400900001", "00447400900001"])
def test_one_of_our_sims_is_known_however_a_gateway_writes_it(db: Database, written: str) -> None:
    phones = CanaryPhones(db, FIRST, replace(SECOND, number="+447400900001"))
    assert phones.comes_in(SECOND, "any text", written)
    assert not phones.comes_in(SECOND, "any text", "07400900002")


def test_each_sim_in_turn_writes_to_the_next(db: Database) -> None:
    phones = CanaryPhones(db, FIRST, SECOND, THIRD)
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
    phones = CanaryPhones(db, FIRST, SECOND)
    phones.sweep()
    phones.service.clock.move(3.5)
    assert phones.comes_in(FIRST)
    phones.service.clock.move(1)
    assert phones.comes_in(FIRST)
    assert canaries.ways(db) == [Way("a", "b", 3.5, 0)]


@pytest.mark.parametrize("text", ["hello", "otp-worker canary 01JZZZZZZZZZZZZZZZZZZZZZZZ"])
def test_whatever_our_own_sims_say_is_nobodys_reply(db: Database, text: str) -> None:
    phones = CanaryPhones(db, FIRST, SECOND)
    phones.sweep()
    assert phones.comes_in(FIRST, text)
    assert [way.last_seconds for way in canaries.ways(db)] == [None]


def test_a_persons_reply_is_no_canary_whatever_it_says(db: Database) -> None:
    phones = CanaryPhones(db, FIRST, SECOND)
    phones.sweep()
    stranger = replace(FIRST, number="+447400123456")
    assert not phones.comes_in(stranger)
    assert [way.last_seconds for way in canaries.ways(db)] == [None]


def test_a_canary_from_another_sim_than_it_was_sent_from_does_not_count(db: Database) -> None:
    phones = CanaryPhones(db, FIRST, SECOND)
    phones.sweep()
    phones.comes_in(SECOND, phones.gateways["a"].messages[-1].text)
    assert [way.last_seconds for way in canaries.ways(db)] == [None]


def test_canaries_count_for_the_budget_and_never_exceed_it(db: Database) -> None:
    tight = replace(FIRST, per_day=1)
    phones = CanaryPhones(db, tight, SECOND)
    said = []
    for _ in range(3):
        said.append(phones.sweep())
        phones.service.clock.move(60)
    assert said[2] == "no canary from a: a has sent its 1 of today"
    assert len(phones.gateways["a"].messages) == 1


def test_one_sim_alone_has_nobody_to_write_to(db: Database) -> None:
    phones = CanaryPhones(db, FIRST, Sim("nameless", "nameless"))
    assert phones.sweep() == "fewer than two SIMs have a number: no canary"


def test_old_canaries_are_purged(db: Database) -> None:
    phones = CanaryPhones(db, FIRST, SECOND)
    phones.sweep()
    phones.service.clock.move(31 * 86_400)
    phones.service.expirer.purge(phones.service.clock())
    assert canaries.ways(db) == []


def test_two_beats_make_one_canary(db: Database) -> None:
    phones = CanaryPhones(db, FIRST, SECOND)
    said = [phones.sweep() for _ in range(2)]
    assert said == ["a canary from a to b", "somebody else sends the canary of this time"]
    assert sum(len(gateway.messages) for gateway in phones.gateways.values()) == 1


def test_many_upkeeps_at_once_make_one_canary(db: Database) -> None:
    phones = CanaryPhones(db, FIRST, SECOND, THIRD)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: phones.sweep(), range(16)))
    assert sum(len(gateway.messages) for gateway in phones.gateways.values()) == 1


def test_another_interval_goes_on_with_the_rotation(db: Database) -> None:
    phones = CanaryPhones(db, FIRST, SECOND, THIRD)
    phones.sweep()
    phones.service.clock.move(600)
    slower = replace(phones.canaries, every_seconds=600)
    assert slower.sweep(phones.service.clock()) == "a canary from b to c"


def test_a_machine_whose_clock_is_behind_measures_no_negative_time(db: Database) -> None:
    phones = CanaryPhones(db, FIRST, SECOND)
    phones.sweep()
    phones.service.clock.move(-5)
    phones.comes_in(FIRST)
    assert canaries.ways(db) == [Way("a", "b", 0.0, 0)]
