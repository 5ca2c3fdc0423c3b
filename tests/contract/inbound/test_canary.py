"""Canaries over a real database: from SIM to SIM, measured where they come in."""

from dataclasses import replace
from datetime import time

import pytest

from otp_worker.domain.gateway import Reply
from otp_worker.domain.policy import Policy
from otp_worker.domain.sim import Hours, Sim, Sims
from otp_worker.inbound.canary import LOST_AFTER, Canaries
from otp_worker.protection.circuit_breaker import FAILURES_TO_OPEN
from otp_worker.store import canaries, notifications
from otp_worker.store.canaries import Way
from otp_worker.store.circuit_breakers import note_failure, read_state
from otp_worker.store.database import Database
from otp_worker.store.sim_budgets import usage
from tests.contract.service import OFFLINE, START, ObedientGateway, Service

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
            db, self.service.keyring, sims, self.service.breaker.away, ("webhook",), lambda _: True
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
    assert said[2] == "no canary: a has sent its 1 of today"
    assert len(phones.gateways["a"].messages) == 1


def test_one_that_was_certainly_not_sent_is_not_lost(db: Database) -> None:
    tight = replace(FIRST, per_day=1)
    phones = Phones(db, tight, SECOND)
    phones.gateways["a"].outcomes = [OFFLINE]
    assert phones.sweep() == f"no canary from a: {OFFLINE.reason}"
    phones.service.clock.move(300)
    phones.canaries.sweep(phones.service.clock())
    assert all(way.from_sim == "a" and way.lost == 0 for way in canaries.ways(db))
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
    assert phones.sweep() == "no canary: a works 13:00-20:00"
    assert phones.gateways["a"].messages == []


def test_none_leaves_by_a_gateway_that_is_away_and_none_is_its_probe(db: Database) -> None:
    phones = Phones(db, FIRST, SECOND)
    for _ in range(FAILURES_TO_OPEN):
        note_failure(db, "a", START, START, "no paired phone is online")
    assert phones.sweep() == "no canary: no paired phone is online"
    assert phones.gateways["a"].messages == []
    assert read_state(db, "a").probe_at == START


def test_none_goes_to_a_country_that_its_sim_does_not_serve(db: Database) -> None:
    phones = Phones(db, replace(FIRST, countries=frozenset({"DE"})), SECOND)
    assert phones.sweep() == "no canary: a does not serve GB"
    assert phones.gateways["a"].messages == []
