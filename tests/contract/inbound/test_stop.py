"""STOP and START: nothing more is sent to a number whose person does not want it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from otp_worker.domain.errors import OptedOutError
from otp_worker.domain.gateway import Message, Outcome
from otp_worker.domain.keyring import Keyring
from otp_worker.domain.limits import Limit, parse_rates
from otp_worker.domain.reply import ReplyKind
from otp_worker.domain.verification import DeliveryStatus, VerificationStatus
from otp_worker.store import erasure, opt_outs
from otp_worker.store.database import Database
from tests.contract.inbound.people import OTHER, REHEARSING, People, blind, opted_out
from tests.contract.service import ACCEPTED, NUMBER, OFFLINE, ROOT_SECRET, ObedientGateway, Service


class TestStop:
    def test_nothing_more_is_sent_to_the_number_until_start(self, service: Service, people: People) -> None:
        people.text("STOP")
        assert opted_out(service)
        assert not opted_out(service, OTHER)
        service.clock.move(1)
        people.text("Start")
        assert not opted_out(service)
        assert people.did == [ReplyKind.STOP, ReplyKind.START]

    def test_a_refused_send_uses_up_no_limit(self, db: Database) -> None:
        service = Service(db, limits={Limit.NUMBER: parse_rates("1/h"), Limit.KEY: parse_rates("1/h")})
        people = People(service)
        people.text("STOP")
        assert opted_out(service)
        people.text("START")
        service.issue()

    def test_a_resend_is_refused_too(self, service: Service, people: People) -> None:
        verification, _ = service.sent()
        service.clock.move(31)
        people.text("STOP")
        with pytest.raises(OptedOutError):
            service.resend(verification)

    def test_what_is_not_in_hand_is_called_back_and_fails(self, service: Service, people: People) -> None:
        verification = service.issue()
        people.text("STOP")
        found = service.read(verification)
        assert (found.status, found.reason) == (VerificationStatus.FAILED, "the person wants no SMS")
        assert (found.delivery.status, found.delivery.reason) == (
            DeliveryStatus.SUPERSEDED,
            "the person wants no SMS",
        )
        service.deliver(verification)
        assert service.gateway.messages == []

    def test_a_code_that_was_sent_can_still_be_entered(self, service: Service, people: People) -> None:
        verification, code = service.sent()
        people.text("STOP")
        assert service.check(verification, code).valid

    @pytest.mark.parametrize("outcome", [ACCEPTED, OFFLINE], ids=["taken", "not taken"])
    def test_what_was_claimed_may_still_leave_and_is_not_tried_again(
        self, service: Service, people: People, outcome: Outcome
    ) -> None:
        class Stopping(ObedientGateway):
            def send(self, message: Message) -> Outcome:
                people.text("STOP")
                super().send(message)
                return outcome

        gateway = Stopping()
        service.gateways["obedient"] = gateway
        verification = service.issue()
        service.deliver(verification)
        for _ in range(10):
            service.clock.move(5)
            service.work()
        assert len(gateway.messages) == 1
        found = service.read(verification)
        if outcome is ACCEPTED:
            assert service.check(verification, gateway.codes[0]).valid
        else:
            assert (found.status, found.reason) == (VerificationStatus.FAILED, "the person wants no SMS")

    def test_a_send_that_overtook_the_stop_is_not_delivered(self, service: Service, people: People) -> None:
        people.text("STOP")
        service.issuer, seeing = blind(service), service.issuer
        verification = service.issue()
        service.issuer = seeing
        service.deliver(verification)
        assert service.gateway.messages == []
        assert service.read(verification).reason == "the person wants no SMS"

    def test_a_repeated_callback_does_not_stop_again(self, service: Service, people: People) -> None:
        people.text("STOP", key="the same")
        people.text("START")
        people.text("STOP", key="the same")
        assert not opted_out(service)

    def test_a_start_that_comes_late_does_not_undo_a_later_stop(
        self, service: Service, people: People
    ) -> None:
        earlier = service.clock()
        service.clock.move(60)
        people.text("STOP")
        people.text("START", at=earlier)
        assert opted_out(service)

    def test_a_start_between_two_stops_that_comes_last_does_not_undo_the_second(
        self, service: Service, people: People
    ) -> None:
        people.text("STOP")
        between = service.clock() + timedelta(seconds=30)
        service.clock.move(60)
        people.text("STOP")
        people.text("START", at=between)
        assert opted_out(service)

    def test_what_waits_for_its_gateway_is_called_back_too(self, service: Service, people: People) -> None:
        service.gateway.outcomes = [OFFLINE]
        verification = service.issue()
        service.deliver(verification)
        assert service.read(verification).delivery.status is DeliveryStatus.WAITING
        people.text("STOP")
        found = service.read(verification)
        assert (found.status, found.delivery.status) == (VerificationStatus.FAILED, DeliveryStatus.SUPERSEDED)

    def test_a_phone_whose_clock_is_ahead_can_start_again(self, service: Service, people: People) -> None:
        people.text("STOP", at=service.clock() + timedelta(hours=5))
        service.clock.move(1)
        people.text("START")
        assert not opted_out(service)

    def test_it_holds_under_an_older_root_secret(self, service: Service, people: People) -> None:
        people.text("STOP")
        rotated = Keyring(["a newer root secret of the tests, long", ROOT_SECRET])
        service.issuer = service.issuer_with(rotated)
        assert opted_out(service)
        service.keyring = rotated
        people.text("START")
        assert not opted_out(service)

    def test_a_wish_to_be_forgotten_does_not_undo_it(self, service: Service, people: People) -> None:
        people.text("STOP")
        erasure.erase_number(service.db, [NUMBER], service.keyring.number_hashes(NUMBER))
        assert opted_out(service)

    def test_test_keys_are_not_concerned(self, service: Service, people: People) -> None:
        rehearsed = service.issue(app=REHEARSING)
        people.text("STOP")
        assert service.read(rehearsed).status is VerificationStatus.PENDING
        service.issue(app=REHEARSING)

    def test_it_is_listed_masked_and_the_operator_can_lift_it(self, service: Service, people: People) -> None:
        people.text("STOP")
        (listed,) = opt_outs.list_opt_outs(service.db)
        assert (listed.number_masked, listed.stopped_at) == ("+44********56", service.clock())
        assert opt_outs.remove(service.db, service.keyring.number_hashes(NUMBER))
        assert not opted_out(service)
        assert not opt_outs.remove(service.db, service.keyring.number_hashes(NUMBER))

    def test_many_stops_at_once_are_one(self, service: Service, people: People) -> None:
        service.issue()
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: people.text("STOP"), range(8)))
        assert len(opt_outs.list_opt_outs(service.db)) == 1
