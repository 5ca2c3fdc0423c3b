"""Codes go before notices: on each SIM, whoever works, and without starving them."""

import pytest

from otp_worker.deliver.result import Waiting
from otp_worker.domain.gateway import Gateway
from otp_worker.domain.message import MessageStatus
from otp_worker.domain.sim import Sim, Sims
from otp_worker.expire import NOTICE_EVERY
from otp_worker.store.database import Database
from tests.contract.messaging import Texting
from tests.contract.service import ACCEPTED, OFFLINE, ObedientGateway, Service


def number(n: int) -> str:
    return f"+4474001{n:05}"


def over(db: Database, *sims: Sim) -> Texting:
    """A service with these SIMs, all behind one gateway."""
    gateway = ObedientGateway()
    gateways: dict[str, Gateway] = {"obedient": gateway}
    service = Service(db, sims=Sims(sims, gateways))
    service.gateway = gateway
    return Texting(service)


def texts(service: Service) -> list[str]:
    return [each.text for each in service.gateway.messages]


def test_a_thousand_notices_put_one_at_a_time_before_a_code(db: Database) -> None:
    texting = over(db, Sim("obedient", "obedient"))
    service = texting.service
    for n in range(30):
        texting.ask(to=number(n), text=f"notice {n}", notice=True)
    assert service.queue == []
    for _ in range(3):
        service.sweep()
    code = service.issue(number(900))
    assert [each.startswith("msg_") for each in service.queue] == [True, False]
    assert service.queue[1] == f"{code.id}.1"


def test_each_sim_has_a_notice_of_its_own_and_no_more(db: Database) -> None:
    texting = over(db, Sim("first", "obedient"), Sim("second", "obedient"))
    for n in range(10):
        texting.ask(to=number(n), notice=True)
    for _ in range(3):
        texting.service.sweep()
    assert len(set(texting.service.queue)) == 2


def test_the_nearest_deadline_goes_first_among_notices(db: Database) -> None:
    texting = over(db, Sim("obedient", "obedient"))
    for n, seconds in enumerate((900, 300, 600)):
        texting.ask(to=number(n), text=f"within {seconds}", notice=True, expires_in_seconds=seconds)
    for _ in range(3):
        texting.service.work()
    assert texts(texting.service) == ["within 300", "within 600", "within 900"]


def test_while_codes_wait_for_a_sim_no_notice_leaves_over_it(db: Database) -> None:
    texting = over(db, Sim("obedient", "obedient", pace_per_minute=60))
    service = texting.service
    texting.ask(to=number(99), text="notice", notice=True)
    service.work()
    service.clock.move(2)
    assert texts(service) == ["notice"]
    texting.ask(to=number(98), text="another notice", notice=True)
    for n in range(5):
        service.issue(number(n))
    while len(service.gateway.messages) < 7:
        service.work()
        service.clock.move(1)
    assert [index for index, text in enumerate(texts(service)) if "notice" in text] == [0, 6]


def test_codes_that_never_end_leave_a_notice_its_turn(db: Database) -> None:
    texting = over(db, Sim("obedient", "obedient", pace_per_minute=60))
    service = texting.service
    for n in range(300):
        service.issue(number(n))
    waits = [texting.ask(to=number(900 + n), text="notice", notice=True) for n in range(3)]
    for _ in range(int(2 * NOTICE_EVERY.total_seconds())):
        service.work()
        service.clock.move(1)
    sent = [index for index, text in enumerate(texts(service)) if text == "notice"]
    assert len(sent) in (2, 3)
    assert sent[1] - sent[0] >= NOTICE_EVERY.total_seconds() - 5
    assert any(texting.status(each) is MessageStatus.PENDING for each in waits)


def test_a_notice_that_is_tried_again_waits_in_the_database(db: Database) -> None:
    texting = over(db, Sim("obedient", "obedient"))
    service = texting.service
    service.gateway.outcomes = [OFFLINE, ACCEPTED]
    first, second = (texting.ask(to=number(n), text=f"notice {n}", notice=True) for n in range(2))
    service.sweep()
    assert isinstance(texting.attempt(first), Waiting)
    service.queue.clear()
    for _ in range(3):
        service.clock.move(2)
        service.work()
    assert texting.status(first) is texting.status(second) is MessageStatus.SENT


def test_where_notices_alone_wait_one_of_them_finds_the_phone_back(service: Service) -> None:
    texting = Texting(service)
    service.gateway.outcomes = [OFFLINE]
    for n in range(6):
        texting.ask(to=number(n), text=f"notice {n}", notice=True)
    for _ in range(10):
        service.work()
        service.clock.move(2)
    service.gateway.outcomes = [ACCEPTED]
    for _ in range(20):
        service.clock.move(2)
        service.work()
    assert sorted(set(texts(service))) == [f"notice {n}" for n in range(6)]


@pytest.mark.parametrize("expires_in_seconds", [60])
def test_a_notice_that_no_sim_could_send_expires_and_says_why(
    service: Service, expires_in_seconds: int
) -> None:
    texting = Texting(service)
    notice = texting.ask(notice=True, expires_in_seconds=expires_in_seconds)
    service.clock.move(expires_in_seconds)
    service.expirer.expire(service.clock())
    assert texting.status(notice) is MessageStatus.EXPIRED
