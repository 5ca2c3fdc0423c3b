"""Confirmation texts over a real database: one a day for a number, and only for a STOP or a report."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import time

import pytest

from otp_worker.domain.gateway import Reply
from otp_worker.domain.phone_number import mask
from otp_worker.domain.policy import Policy
from otp_worker.domain.ports import Outbox
from otp_worker.domain.reply import REPLY_LANGUAGES, ReplyKind
from otp_worker.domain.sim import Hours, Sim, Sims
from otp_worker.inbound.confirmations import Confirmations, Confirmer
from otp_worker.inbound.replies import Replies
from otp_worker.protection.circuit_breaker import FAILURES_TO_OPEN
from otp_worker.store import opt_outs
from otp_worker.store.database import Database
from otp_worker.store.sim_budgets import usage
from tests.contract.service import NUMBER, OFFLINE, ObedientGateway, Service, fail_gateway

TEXTS = {ReplyKind.STOP: "You get no more codes from us.", ReplyKind.REPORT: "Thank you, the code is void."}
SIM = Sim("obedient", "obedient", number="+447700900000", slot="1", per_day=50)


class Office:
    """A service that confirms, with what is on its queue."""

    def __init__(self, db: Database, sim: Sim = SIM) -> None:
        self.gateway = ObedientGateway()
        sims = Sims((sim,), {"obedient": self.gateway})
        self.service = Service(db, Policy(countries=frozenset({"GB"}), bcrypt_rounds=4), sims=sims)
        self.service.gateway = self.gateway
        self.queue: list[str] = []
        self.confirmer = Confirmer(db, self.service.keyring, TEXTS, sims, self.service.breaker.away)
        self._texted = 0

    def publish(self, reply_id: str) -> bool:
        self.queue.append(reply_id)
        return True

    def text(self, text: str, number: str = NUMBER, key: str | None = None) -> None:
        """One SMS that comes in."""
        self._texted += 1
        now = self.service.clock()
        answering = Replies(
            self.service.db,
            self.service.keyring,
            REPLY_LANGUAGES,
            3600,
            Outbox((), lambda _: True),
            confirmations=Confirmations(self.service.db, TEXTS, self.publish),
        )
        answering.take("obedient", Reply(number, text, None, now, key or f"sms {self._texted}"), now)

    def work(self) -> None:
        """Send all that is on the queue, twice, as a redelivered task would."""
        for reply_id in [*self.queue, *self.queue]:
            self.confirmer.confirm(reply_id, self.service.clock())
        self.queue.clear()

    @property
    def texts(self) -> list[str]:
        """What the gateway was given to send, but for codes."""
        return [each.text for each in self.gateway.messages if each.text in TEXTS.values()]


@pytest.fixture
def office(db: Database) -> Office:
    return Office(db)


def test_a_stop_is_confirmed_once_over_the_sim_it_came_to(office: Office) -> None:
    office.text("STOP")
    office.work()
    (message,) = office.gateway.messages
    assert (message.to, message.text) == (NUMBER, TEXTS[ReplyKind.STOP])
    assert (message.sender, message.slot) == (SIM.number, SIM.slot)


def test_a_report_is_confirmed_too(office: Office) -> None:
    office.service.sent()
    office.text("not me")
    office.work()
    assert office.texts == [TEXTS[ReplyKind.REPORT]]


@pytest.mark.parametrize("text", ["hello", "START", "I am on holiday and will answer when I am back"])
def test_nothing_else_is_ever_answered(office: Office, text: str) -> None:
    office.text(text)
    office.work()
    assert office.texts == []


def test_a_responder_that_says_stop_for_ever_gets_one_a_day(office: Office) -> None:
    for _ in range(20):
        office.text("STOP")
        office.text("START")
        office.work()
        office.service.clock.move(600)
    assert len(office.texts) == 1
    office.service.clock.move(86_400)
    office.text("STOP")
    office.work()
    assert len(office.texts) == 2


def test_a_repeated_callback_is_not_confirmed_again(office: Office) -> None:
    for _ in range(3):
        office.text("STOP", key="the same sms")
        office.work()
    assert len(office.texts) == 1


def test_a_sender_that_is_no_number_is_not_answered(office: Office) -> None:
    office.text("STOP", "BANK")
    office.text("STOP", "60606")
    office.work()
    assert office.texts == []


def test_two_workers_with_one_task_send_once(office: Office) -> None:
    office.text("STOP")
    (reply_id,) = office.queue
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: office.confirmer.confirm(reply_id, office.service.clock()), range(4)))
    assert len(office.texts) == 1


def test_it_counts_for_the_budget_and_never_exceeds_it(db: Database) -> None:
    office = Office(db, replace(SIM, per_day=1))
    office.text("STOP")
    office.text("STOP", "+447400654321")
    office.work()
    assert len(office.texts) == 1


def test_what_was_certainly_not_sent_uses_no_budget_up(office: Office) -> None:
    office.gateway.outcomes = [OFFLINE]
    office.text("STOP")
    office.work()
    (used,) = usage(office.service.db, [SIM], office.service.clock())
    assert used.sent_today == 0


def test_without_a_text_nothing_is_asked_for(office: Office) -> None:
    silent = Confirmations(office.service.db, {}, office.publish)
    silent.ask("rep_1", ReplyKind.STOP, b"h" * 32, office.service.clock())
    assert office.queue == []


def test_of_a_report_nothing_is_texted_to_a_number_that_is_opted_out(office: Office) -> None:
    service, now = office.service, office.service.clock()
    service.issue()
    with service.db.write() as connection:
        opt_outs.stop(connection, service.keyring.number_hashes(NUMBER), mask(NUMBER), now, now)
    office.text("no")
    assert len(office.queue) == 1
    office.work()
    assert office.texts == []


def test_a_stop_between_a_report_and_its_confirmation_stops_that_too(office: Office) -> None:
    office.service.sent()
    office.text("no")
    office.text("STOP")
    office.work()
    assert office.texts == []


def test_a_stop_of_whom_nothing_is_sent_to_already_is_not_confirmed_again(office: Office) -> None:
    for _ in range(3):
        office.text("STOP")
        office.work()
        office.service.clock.move(86_400)
    assert office.texts == [TEXTS[ReplyKind.STOP]]


def test_none_is_sent_outside_the_hours_of_its_sim(db: Database) -> None:
    office = Office(db, replace(SIM, hours=Hours(time(13), time(20))))
    office.text("STOP")
    (reply_id,) = office.queue
    said = office.confirmer.confirm(reply_id, office.service.clock())
    assert said == "not confirmed: obedient works 13:00-20:00"
    office.service.clock.move(3600)
    office.work()
    assert office.texts == []


def test_none_is_sent_by_a_sim_that_does_not_serve_its_country(db: Database) -> None:
    office = Office(db, replace(SIM, countries=frozenset({"US"})))
    office.text("STOP")
    office.work()
    assert office.texts == []


def test_none_is_sent_while_the_gateway_is_away_and_none_is_its_probe(office: Office) -> None:
    service = office.service
    for n in range(FAILURES_TO_OPEN):
        fail_gateway(service.db, "obedient", service.clock(), f"away {n}")
    office.text("STOP")
    (reply_id,) = office.queue
    assert office.confirmer.confirm(reply_id, service.clock()) == "not confirmed: away 2"
    assert office.texts == []


def test_another_sim_of_its_gateway_sends_it_where_the_first_one_may_not(db: Database) -> None:
    resting = replace(SIM, name="resting", slot="0", hours=Hours(time(13), time(20)))
    office = Office(db, resting)
    office.confirmer = replace(office.confirmer, sims=replace(office.confirmer.sims, all=(resting, SIM)))
    office.text("STOP")
    office.work()
    assert [each.slot for each in office.gateway.messages] == ["1"]
