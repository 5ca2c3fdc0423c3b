"""NOT ME: what a person who did not ask for a code brings about."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest

from otp_worker.domain.app import App
from otp_worker.domain.errors import NumberReportedError, VerificationEndedError
from otp_worker.domain.reply import ReplyKind
from otp_worker.domain.verification import DeliveryStatus, Verification, VerificationStatus
from otp_worker.store import notifications, stored_replies
from tests.contract.inbound.people import LOCK_SECONDS, OTHER, REHEARSING, People, blind
from tests.contract.service import SHOP, Service


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
        reply = stored_replies.newest(service.db, 1)[0].id
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
