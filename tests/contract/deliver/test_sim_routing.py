"""Which SIM a message goes over, over a real database."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from otp_worker.deliver.retry import RetryAt
from otp_worker.domain.sim import Hours
from otp_worker.domain.verification import DeliveryStatus
from otp_worker.store.database import Database
from tests.contract.deliver.phones import Phones, number, sim
from tests.contract.service import ACCEPTED, LOST


class TestRouting:
    def test_each_country_goes_over_the_sims_that_serve_it(self, db: Database) -> None:
        phones = Phones(
            db, sim("british", countries=frozenset({"GB"})), sim("american", countries=frozenset({"US"}))
        )
        for n in range(10):
            phones.send(number(n))
            phones.send(f"+1202555{n:04}")
        assert phones.sent() == {"british": 10, "american": 10}

    def test_a_country_whose_phone_is_away_does_not_hold_up_the_others(self, db: Database) -> None:
        american = sim("american", countries=frozenset({"US"}), pace_per_minute=60)
        phones = Phones(db, sim("british", countries=frozenset({"GB"})), american)
        phones.goes_offline("british")
        for n in range(30):
            phones.service.issue(number(n))
        phones.work(3)
        for n in range(10):
            phones.service.issue(f"+1202555{n:04}")
        phones.work(11)
        assert phones.sent()["american"] == 10

    def test_people_get_their_codes_from_the_same_number(self, db: Database) -> None:
        phones = Phones(db, sim("a"), sim("b"), sim("c"))
        for n in range(12):
            names = {phones.send(number(n)).delivery.sim for _ in range(3)}
            assert len(names) == 1
        assert min(phones.sent().values()) > 0

    def test_a_resend_goes_over_another_sim(self, db: Database) -> None:
        phones = Phones(db, sim("a"), sim("b"))
        for _ in range(6):
            first = phones.send()
            phones.service.clock.move(31)
            phones.service.resend(first)
            phones.service.deliver(first, 2)
            second = phones.service.read(first)
            assert {first.delivery.sim, second.delivery.sim} == {"a", "b"}

    def test_a_sim_works_in_its_hours_alone(self, db: Database) -> None:
        night = sim("night", hours=Hours(time(22), time(6)), zone=ZoneInfo("Europe/London"))
        phones = Phones(db, night)
        found = phones.send()
        assert (found.delivery.status, found.delivery.reason) == (
            DeliveryStatus.WAITING,
            "night works 22:00-06:00",
        )
        assert phones.service.expirer.enqueue_due(phones.service.clock()) == 0
        for hour, works in ((22, True), (5, True), (6, False), (21, False)):
            assert night.works_at(datetime(2026, 1, 1, hour, tzinfo=UTC)) is works

    def test_what_may_have_been_sent_is_never_asked_of_another_gateway(self, db: Database) -> None:
        phones = Phones(db, sim("a"), sim("b"))
        for gateway in phones.gateways.values():
            gateway.outcomes = [LOST, ACCEPTED]
        verification = phones.service.issue(number(1))
        retry = phones.service.deliver(verification)
        assert isinstance(retry, RetryAt)
        first = phones.service.read(verification).delivery.sim
        phones.service.clock.now = retry.at
        phones.service.deliver(verification)
        assert phones.service.read(verification).delivery.sim == first
        assert sorted(phones.sent().values()) == [0, 2]
