"""What a reply does, over a real database: once, and whatever else happens at the same moment."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from threading import Barrier

import pytest
from sqlalchemy import select

from otp_worker.domain.app import App
from otp_worker.domain.errors import NumberReportedError, OptedOutError, VerificationEndedError
from otp_worker.domain.gateway import Message, Outcome, Reply
from otp_worker.domain.keyring import Keyring
from otp_worker.domain.limits import Limit, parse_rates
from otp_worker.domain.policy import Policy
from otp_worker.domain.ports import Outbox
from otp_worker.domain.reply import ReplyKind
from otp_worker.domain.sim import Sim, Sims
from otp_worker.domain.sms_text import LANGUAGES
from otp_worker.domain.verification import DeliveryStatus, Verification, VerificationStatus
from otp_worker.inbound.replies import Replies
from otp_worker.inbound.senders import Senders
from otp_worker.issue.issuer import Issuer
from otp_worker.service.purges import purges
from otp_worker.store import erasure, notifications, opt_outs, receipts
from otp_worker.store.database import Database
from otp_worker.store.schema import notices, reply_keys
from tests.contract.service import ACCEPTED, NUMBER, OFFLINE, ROOT_SECRET, SHOP, ObedientGateway, Service

OTHER = "+447400654321"
REHEARSING = App("shop", test=True)
LOCK_SECONDS = 3600


@dataclass
class People:
    """Those who got an SMS, texting back."""

    service: Service
    published: list[str] = field(default_factory=list)
    _texted: int = 0

    def publish(self, notice_id: str) -> bool:
        self.published.append(notice_id)
        return True

    def text(
        self,
        text: str,
        number: str = NUMBER,
        *,
        at: datetime | None = None,
        key: str | None = None,
        to: str | None = None,
    ) -> None:
        """One SMS, of which the gateway tells."""
        self._texted += 1
        now = self.service.clock()
        reply = Reply(number, text, None, at or now, key or f"sms {self._texted}", to)
        answering = Replies(
            self.service.db,
            self.service.keyring,
            LANGUAGES,
            LOCK_SECONDS,
            Outbox(("webhook", "email"), self.publish),
            senders=Senders(self.service.policy.countries, self.service.sims),
        )
        answering.take("obedient", reply, now)

    @property
    def did(self) -> list[ReplyKind]:
        """What each reply did, the first one first."""
        return [each.meaning for each in reversed(receipts.newest_replies(self.service.db, 100))]

    @property
    def told(self) -> list[tuple[str, str]]:
        """The type and the channel of each notice."""
        with self.service.db.read() as connection:
            found = connection.execute(select(notices.c.type, notices.c.channel).order_by(notices.c.id))
            return [(row.type, row.channel) for row in found]


@pytest.fixture
def people(service: Service) -> People:
    return People(service)


def opted_out(service: Service, number: str = NUMBER) -> bool:
    try:
        service.issue(number)
    except OptedOutError:
        return True
    return False


class BlindKeyring(Keyring):
    """Finds nothing that is known of a number already."""

    def number_hashes(self, number: str) -> list[bytes]:
        return [b"nobody"]


def blind(service: Service) -> Issuer:
    """An intake that asked what is known of a number a moment too early."""
    return service.issuer_with(BlindKeyring([ROOT_SECRET]))


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


class TestReport:
    def test_every_pending_verification_is_canceled_and_each_is_told(
        self, service: Service, people: People
    ) -> None:
        first, _ = service.sent()
        service.clock.move(1)
        second = service.issue(app=App("bank"))
        other = service.issue(OTHER)
        people.text("Not me!")
        for each in (first, second):
            found = service.read(each)
            assert (found.status, found.reason) == (VerificationStatus.CANCELED, "reported by the person")
        assert service.read(second).delivery.status is DeliveryStatus.SUPERSEDED
        assert service.read(other).status is VerificationStatus.PENDING
        assert sorted(people.told) == sorted([("number.reported", name) for name in ("webhook", "email")] * 2)
        notice = notifications.claim_notice(service.db, people.published[0], service.clock(), service.clock())
        assert notice is not None
        reply = receipts.newest_replies(service.db, 1)[0].id
        assert notice.data == {
            "reply_id": reply,
            "verification_id": first.id,
            "app": "shop",
            "user": first.user,
        }

    def test_the_number_is_locked_for_a_while(self, service: Service, people: People) -> None:
        service.sent()
        people.text("no")
        with pytest.raises(NumberReportedError) as refused:
            service.issue()
        assert refused.value.retry_at == service.clock() + timedelta(seconds=LOCK_SECONDS)
        service.issue(OTHER)
        service.issue(app=REHEARSING)
        service.clock.move(LOCK_SECONDS)
        service.issue()

    def test_no_code_of_the_number_is_judged_meanwhile(self, service: Service, people: People) -> None:
        """Not even one that was sent while the report came in."""
        service.sent()
        people.text("no")
        service.issuer, seeing = blind(service), service.issuer
        verification, code = service.sent()
        service.issuer = seeing
        with pytest.raises(NumberReportedError):
            service.check(verification, code)
        assert service.read(verification).checks == 0

    def test_what_is_over_already_is_told_all_the_same(self, service: Service, people: People) -> None:
        verification, code = service.sent()
        service.check(verification, code)
        people.text("wasn't me")
        assert people.did == [ReplyKind.REPORT]
        assert service.read(verification).status is VerificationStatus.APPROVED
        assert people.told == [("number.reported", "webhook"), ("number.reported", "email")]

    @pytest.mark.parametrize("ended", ["approved", "canceled", "expired", "forgotten by every sweep"])
    def test_it_counts_for_an_hour_after_the_end_and_not_a_second_longer(
        self, service: Service, people: People, ended: str
    ) -> None:
        verification, code = service.sent()
        if ended == "approved":
            service.check(verification, code)
        elif ended == "canceled":
            service.issuer.cancel(verification.id, SHOP, service.clock())
        else:
            service.clock.move(300)
            if ended == "expired":
                service.expirer.expire(service.clock())
        service.clock.move(3600)
        people.text("No")
        assert people.did == [ReplyKind.OTHER]
        assert people.told == [("reply.received", "webhook"), ("reply.received", "email")]
        service.clock.move(-1)
        people.text("No")
        assert sorted(people.did) == [ReplyKind.OTHER, ReplyKind.REPORT]
        with pytest.raises(NumberReportedError):
            service.issue()

    def test_weeks_after_an_approved_code_it_locks_nothing(self, service: Service, people: People) -> None:
        verification, code = service.sent()
        service.check(verification, code)
        service.clock.move(29 * 86_400)
        people.text("No")
        assert people.did == [ReplyKind.OTHER]
        assert ("number.reported", "webhook") not in people.told
        service.issue()

    def test_a_report_of_nothing_is_for_support(self, service: Service, people: People) -> None:
        service.issue(app=REHEARSING)
        people.text("no")
        assert people.did == [ReplyKind.OTHER]
        service.issue()

    def test_a_repeated_callback_does_not_lock_again(self, service: Service, people: People) -> None:
        service.sent()
        people.text("no", key="the same")
        service.clock.move(LOCK_SECONDS)
        people.text("no", key="the same")
        service.issue()

    def test_a_report_and_the_right_code_at_once_end_it_one_way(
        self, service: Service, people: People
    ) -> None:
        for n in range(30):
            number = f"+447400{n:06d}"
            verification, code = service.sent(number)
            barrier = Barrier(2)

            def check(
                verification: Verification = verification, code: str = code, barrier: Barrier = barrier
            ) -> bool:
                barrier.wait()
                try:
                    return service.check(verification, code).valid
                except (VerificationEndedError, NumberReportedError):
                    return False

            def report(number: str = number, barrier: Barrier = barrier) -> None:
                barrier.wait()
                people.text("no", number)

            with ThreadPoolExecutor(2) as pool:
                checked, reported = pool.submit(check), pool.submit(report)
                reported.result()
                approved = checked.result()
            ended = VerificationStatus.APPROVED if approved else VerificationStatus.CANCELED
            assert service.read(verification).status is ended


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
        (first, _) = receipts.newest_replies(service.db, 2)
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
        (reply,) = receipts.newest_replies(service.db, 1)
        assert (reply.number, reply.number_masked) == (written, written)

    def test_all_sims_of_a_gateway_say_how_its_senders_are_written(self, db: Database) -> None:
        service = Service(db, sims=Sims((Sim("obedient", "obedient", number="+33611111111"),)))
        people = People(service)
        people.text("STOP", "0612345678")
        assert [each.number_masked for each in opt_outs.list_opt_outs(db)] == ["+33*******78"]
