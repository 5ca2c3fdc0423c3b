"""Replies that do nothing, and those that are posted again."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from otp_worker.domain.keyring import Keyring
from otp_worker.domain.reply import ReplyKind
from otp_worker.domain.verification import VerificationStatus
from otp_worker.service.purges import purges
from otp_worker.store import erasure, notifications, opt_outs
from otp_worker.store.schema import reply_keys
from tests.contract.inbound.people import People, opted_out
from tests.contract.service import NUMBER, ROOT_SECRET, Service


class TestPostedAgain:
    """With whatever retention, and after a wish to be forgotten: one post acts once."""

    @pytest.mark.parametrize(("text", "after"), [("not me", "START"), ("STOP", "START"), ("who?", "hi")])
    def test_the_same_post_acts_once_however_short_the_retention(
        self, service: Service, people: People, text: str, after: str
    ) -> None:
        service.sent()
        at = service.clock()
        people.text(text, at=at, key="the same")
        service.clock.move(3601)
        people.text(after)
        service.clock.move(2 * 86_400)
        service.expirer = replace(service.expirer, purges=purges(service.sims, 3600, 1))
        service.expirer.purge(service.clock())
        assert people.did == []
        verification = service.issue()
        people.text(text, at=at, key="the same")
        assert people.did == []
        assert service.read(verification).status is VerificationStatus.PENDING
        service.clock.move(31)
        service.issue()

    def test_the_same_post_acts_once_after_its_number_was_forgotten(
        self, service: Service, people: People
    ) -> None:
        people.text("hello", key="the same")
        erasure.erase_number(service.db, [NUMBER], service.keyring.number_hashes(NUMBER))
        people.text("hello", key="the same")
        assert people.did == []

    def test_the_same_post_acts_once_after_a_rotation(self, service: Service, people: People) -> None:
        people.text("STOP", key="the same")
        service.keyring = Keyring(["a newer root secret of the tests, long", ROOT_SECRET])
        service.issuer = service.issuer_with(service.keyring)
        people.text("START")
        people.text("STOP", key="the same")
        assert not opted_out(service)

    def test_what_knows_it_again_is_kept_for_a_year_and_names_nobody(
        self, service: Service, people: People
    ) -> None:
        people.text("hello", key="the same")
        with service.db.read() as connection:
            (known,) = connection.execute(select(reply_keys.c.key_hash)).scalars()
        assert known not in (b"the same", *service.keyring.number_hashes(NUMBER))
        for days, left in ((365, 1), (1, 0)):
            service.clock.move(days * 86_400)
            service.expirer.purge(service.clock())
            with service.db.read() as connection:
                assert len(connection.execute(select(reply_keys)).all()) == left


class TestOther:
    @pytest.mark.parametrize("text", ["who are you?", "START", "yes", "the bus stop", ""])
    def test_what_does_nothing_goes_to_support_on_every_channel(
        self, service: Service, people: People, text: str
    ) -> None:
        service.sent()
        people.text(text)
        assert people.did == [ReplyKind.OTHER]
        assert people.told == [("reply.received", "webhook"), ("reply.received", "email")]
        assert notifications.due_notices(service.db, service.clock(), 10) == people.published

    def test_support_is_not_told_of_a_stop_or_a_start(self, people: People) -> None:
        people.text("STOP")
        people.text("START")
        assert people.told == []

    @pytest.mark.parametrize(
        "sender", ["12345", "+12345", "ACME", "+ACME", "", "+", "4" * 40, "+44\x7f", "\u0663"]
    )
    @pytest.mark.parametrize("text", ["STOP", "START", "no"])
    def test_a_sender_that_is_no_mobile_number_matches_nobody(
        self, service: Service, people: People, sender: str, text: str
    ) -> None:
        service.sent()
        people.text(text, sender)
        assert people.did == [ReplyKind.OTHER]
        assert opt_outs.list_opt_outs(service.db) == []

    @pytest.mark.parametrize("sender", ["447400123456", "+44 7400 123456", "00447400123456", NUMBER])
    def test_a_number_is_known_however_a_gateway_writes_it(
        self, service: Service, people: People, sender: str
    ) -> None:
        people.text("STOP", sender)
        assert opted_out(service)
