"""Whose a reply is, however its gateway writes the sender."""

import pytest

from otp_worker.domain.policy import Policy
from otp_worker.domain.reply import ReplyKind
from otp_worker.domain.sim import Sim, Sims
from otp_worker.domain.verification import VerificationStatus
from otp_worker.store import opt_outs, stored_replies
from otp_worker.store.database import Database
from tests.contract.inbound.people import People, opted_out
from tests.contract.service import NUMBER, Service


class TestSender:
    """Whom a reply concerns, however the network wrote its sender."""

    @pytest.fixture
    def service(self, db: Database) -> Service:
        countries = frozenset({"AR", "BR", "GB", "IT", "MX", "NO", "SG", "US"})
        return Service(db, Policy(countries=countries, bcrypt_rounds=4))

    @pytest.mark.parametrize(
        ("number", "written", "to"),
        [
            ("+525512345678", "5215512345678", "+525511111111"),
            ("+525512345678", "5512345678", "+525511111111"),
            ("+5491123456789", "541123456789", "+5491111111111"),
            ("+5511961234567", "551161234567", "+5511911111111"),
            ("+393471234567", "03471234567", "+393471111111"),
            (NUMBER, "07400123456", "+447400999999"),
            (NUMBER, "07400123456", None),
            ("+14792261234", "4792261234", "+14155552671"),
            ("+14792261234", "4792261234", None),
        ],
    )
    def test_a_stop_stops_its_person_and_nobody_else(
        self, service: Service, people: People, number: str, written: str, to: str | None
    ) -> None:
        verification = service.issue(number)
        people.text("STOP", written, to=to)
        assert opted_out(service, number)
        assert service.read(verification).status is VerificationStatus.FAILED
        assert not opted_out(service, "+4792261234")

    def test_what_can_be_either_of_two_acts_on_nobody_and_goes_to_support(
        self, service: Service, people: People
    ) -> None:
        there, here = service.issue("+6592261234"), service.issue("+16592261234")
        for text in ("Not me", "STOP"):
            people.text(text, "6592261234", to="+14155552671")
        for each in (there, here):
            assert service.read(each).status is VerificationStatus.PENDING
        assert not opted_out(service, "+16592261234")
        assert not opted_out(service, "+6592261234")
        assert people.did == [ReplyKind.OTHER, ReplyKind.OTHER]
        assert people.told == [("reply.received", name) for name in ("webhook", "email")] * 2
        (first, _) = stored_replies.newest(service.db, 2)
        assert (first.number, first.number_masked, first.verification_id) == (
            "6592261234",
            "********34",
            None,
        )

    def test_of_two_it_is_the_one_that_was_written_to(self, service: Service, people: People) -> None:
        there = service.issue("+6592261234")
        people.text("Not me", "6592261234")
        assert service.read(there).status is VerificationStatus.CANCELED

    def test_of_two_that_were_never_written_to_it_is_nobody(self, service: Service, people: People) -> None:
        people.text("STOP", "4792261234", to="+14155552671")
        assert opt_outs.list_opt_outs(service.db) == []
        assert people.did == [ReplyKind.OTHER]

    @pytest.mark.parametrize("written", ["VODAFONE", "12345", "7000"])
    def test_a_short_code_or_a_name_is_kept_and_shown_as_it_came(
        self, service: Service, people: People, written: str
    ) -> None:
        people.text("Your parcel is here", written)
        (reply,) = stored_replies.newest(service.db, 1)
        assert (reply.number, reply.number_masked) == (written, written)

    def test_all_sims_of_a_gateway_say_how_its_senders_are_written(self, db: Database) -> None:
        service = Service(db, sims=Sims((Sim("obedient", "obedient", number="+33611111111"),)))
        people = People(service)
        people.text("STOP", "0612345678")
        assert [each.number_masked for each in opt_outs.list_opt_outs(db)] == ["+33*******78"]
