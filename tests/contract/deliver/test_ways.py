"""Which way a message goes, and what is said where there is none."""

import pytest
from sqlalchemy import insert, update

from otp_worker.deliver.result import Delivered, Waiting
from otp_worker.domain.app import App
from otp_worker.domain.sim import Sim, Sims
from otp_worker.protection.circuit_breaker import FAILURES_TO_OPEN
from otp_worker.store.database import Database
from otp_worker.store.schema import deliveries, opt_outs
from otp_worker.store.sim_budgets import usage
from tests.contract.deliver.phones import Phones, number, sim
from tests.contract.service import NUMBER, START, ObedientGateway, Service, fail_gateway
from tests.contract.stalling import stall

AMERICAN = sim("american", countries=frozenset({"US"}))


def test_a_number_that_no_sim_serves_waits_and_says_so(db: Database) -> None:
    phones = Phones(db, AMERICAN)
    verification = phones.service.issue(number(1))
    assert phones.service.deliver(verification) == Waiting("no SIM serves GB")


def test_what_is_late_is_over_where_there_is_no_way_too(db: Database) -> None:
    phones = Phones(db, AMERICAN)
    verification = phones.service.issue(number(1))
    phones.service.clock.now = verification.delivery.deadline_at
    assert phones.service.deliver(verification) == Delivered("expired: not sent in time")


def test_a_gateway_that_goes_away_while_the_code_is_made_is_not_asked(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    phones = Phones(db, sim("a", per_day=5))
    verification = phones.service.issue(number(1))

    def goes_away() -> None:
        for _ in range(FAILURES_TO_OPEN):
            fail_gateway(db, "a", phones.service.clock(), "no paired phone is online")
        phones.service.clock.move(-1)

    stall(phones.service, monkeypatch, goes_away)
    assert phones.service.deliver(verification) == Waiting("no paired phone is online")
    assert phones.sent() == {"a": 0}
    assert usage(db, phones.service.sims.all, phones.service.clock())[0].sent_today == 0


def test_of_a_lost_answer_whose_sim_nobody_knows_any_sim_may_send_again(db: Database) -> None:
    phones = Phones(db, sim("a"), sim("b"))
    verification = phones.service.issue(number(1))
    with db.write() as connection:
        connection.execute(update(deliveries).values(uncertain=1, sim=None))
    phones.service.deliver(verification)
    assert sum(phones.sent().values()) == 1


def test_a_message_names_the_number_and_the_slot_of_its_sim(db: Database) -> None:
    gateway = ObedientGateway()
    ours = Sim("ours", "obedient", number="+447400000001", slot="2")
    service = Service(db, sims=Sims((ours,), {"obedient": gateway}))
    service.deliver(service.issue())
    assert (gateway.messages[0].sender, gateway.messages[0].slot) == (ours.number, ours.slot)


def test_a_test_keys_code_is_rehearsed_although_the_person_wants_no_sms(service: Service) -> None:
    verification = service.issue(app=App("test:shop", test=True))
    stop = {"number_hash": service.keyring.number_hash(NUMBER), "number_masked": "", "stopped_at": START}
    with service.db.write() as connection:
        connection.execute(insert(opt_outs).values(stop))
    assert isinstance(service.deliver(verification), Delivered)
    assert service.read(verification).delivery.status == "sent"
