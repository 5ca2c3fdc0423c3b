"""Who sends instead of a SIM that cannot, over a real database."""

from dataclasses import replace

import pytest

from otp_worker.domain.verification import DeliveryStatus
from otp_worker.protection.circuit_breaker import FAILURES_TO_OPEN, Breaker, is_open
from otp_worker.store.database import Database
from otp_worker.store.sim_budgets import usage
from tests.contract.deliver.phones import Phones, number, sim
from tests.contract.service import ACCEPTED, MISCONFIGURED, START


class TestFailover:
    def test_what_was_certainly_not_sent_goes_over_another_sim_next(self, db: Database) -> None:
        phones = Phones(db, sim("a"), sim("b"))
        phones.goes_offline("a")
        verification = next(
            each for each in iter(phones.send, None) if each.delivery.status is DeliveryStatus.WAITING
        )
        phones.service.clock.move(2)
        phones.service.deliver(verification)
        found = phones.service.read(verification)
        assert (found.delivery.status, found.delivery.sim) == (DeliveryStatus.SENT, "b")

    def test_an_account_that_is_refused_fails_nobody_while_another_gateway_can_send(
        self, db: Database
    ) -> None:
        phones = Phones(db, sim("a"), sim("b"))
        phones.gateways["a"].outcomes = [MISCONFIGURED]
        sent = [phones.send() for _ in range(12)]
        phones.work(8)
        assert {phones.service.read(each).delivery.sim for each in sent} == {"b"}
        assert phones.sent()["b"] == len(sent)
        assert is_open(phones.service.breaker.state("a"))

    def test_two_sims_of_one_refused_account_are_no_way_out(self, db: Database) -> None:
        phones = Phones(db, sim("a"), replace(sim("b"), gateway="a"))
        phones.gateways["a"].outcomes = [MISCONFIGURED]
        assert phones.send().delivery.status is DeliveryStatus.WAITING

    def test_an_open_breaker_is_not_asked_while_another_sim_can_send(self, db: Database) -> None:
        phones = Phones(db, sim("a"), sim("b"))
        phones.goes_offline("a")
        while not is_open(phones.service.breaker.state("a")):
            phones.send()
        asked = phones.sent()["a"]
        before = phones.sent()["b"]
        for _ in range(30):
            phones.send()
        assert phones.sent() == {"a": asked, "b": before + 30}

    def test_it_is_asked_now_and_then_and_comes_back_to_its_own_people(self, db: Database) -> None:
        phones = Phones(db, sim("a"), sim("b"))
        phones.goes_offline("a")
        while not is_open(phones.service.breaker.state("a")):
            phones.send()
        phones.gateways["a"].outcomes = [ACCEPTED]
        for _ in range(20):
            phones.service.clock.move(1)
            phones.send()
        assert not is_open(phones.service.breaker.state("a"))
        assert phones.sent()["a"] > FAILURES_TO_OPEN

    def test_it_is_asked_every_ten_seconds_at_most_while_another_sim_can_send(self, db: Database) -> None:
        phones = Phones(db, sim("a"), sim("b"))
        phones.goes_offline("a")
        while not is_open(phones.service.breaker.state("a")):
            phones.send()
        asked = phones.sent()["a"]
        for _ in range(60):
            phones.service.clock.move(1)
            phones.send()
        assert 1 <= phones.sent()["a"] - asked <= 6

    def test_a_probe_that_another_worker_took_uses_no_budget_up(
        self, db: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        phones = Phones(db, sim("a", per_day=FAILURES_TO_OPEN + 1))
        phones.goes_offline("a")
        for _ in range(FAILURES_TO_OPEN):
            phones.send()
        phones.service.clock.move(1)
        monkeypatch.setattr(Breaker, "allow", lambda *_: "another worker asks")
        assert phones.send().delivery.reason == "another worker asks"
        (used,) = usage(db, phones.service.sims.all, START)
        assert used.sent_today == 0

    def test_one_phone_dies_under_load_and_the_other_sends_it_all(self, db: Database) -> None:
        phones = Phones(db, sim("a"), sim("b"))
        sent = [phones.service.issue(number(n)) for n in range(20)]
        phones.work(1)
        phones.goes_offline("a")
        sent += [phones.service.issue(number(n)) for n in range(20, 60)]
        phones.work(8)
        assert {phones.service.read(each).delivery.status for each in sent} == {DeliveryStatus.SENT}
        assert phones.sent()["b"] > 40
