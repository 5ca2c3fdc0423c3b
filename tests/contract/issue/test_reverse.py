"""Reverse verification over a real database: the right token from the right number, once, in time."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from otp_worker.domain.app import App
from otp_worker.domain.errors import InvalidFieldError, NumberReportedError, RateLimitExceededError
from otp_worker.domain.gateway import Reply
from otp_worker.domain.inbound_token import Invitation
from otp_worker.domain.limits import Limit, parse_rates
from otp_worker.domain.lockout import FREE_FAILURES
from otp_worker.domain.policy import Policy
from otp_worker.domain.ports import Outbox
from otp_worker.domain.reply import REPLY_LANGUAGES, ReplyKind
from otp_worker.domain.sim import Sim, Sims
from otp_worker.domain.verification import Verification, VerificationStatus
from otp_worker.inbound.replies import Replies
from otp_worker.inbound.senders import Senders
from otp_worker.issue.idempotency import Idempotency
from otp_worker.issue.request import SendRequest
from otp_worker.store import stored_replies
from otp_worker.store.database import Database
from otp_worker.store.schema import verifications
from otp_worker.store.stored_replies import StoredReply
from tests.contract.service import NUMBER, SHOP, Service

OTHER = "+447400654321"
OURS = "+447400999999"
WRONG = "0000-0000"


class Inviting:
    """A service whose people may text to a SIM of ours."""

    def __init__(self, service: Service) -> None:
        sims = Sims((Sim("obedient", "obedient", OURS),), service.sims.gateways)
        service.inviter = replace(service.inviter, sims=sims)
        self.service = service
        self._texted = 0

    def invite(self, to: str = NUMBER, app: App = SHOP) -> tuple[Verification, Invitation]:
        request = SendRequest(to, channel="inbound")
        accepted = self.service.inviter.invite(request, app, self.service.clock())
        assert accepted.inbound is not None
        return accepted.verification, accepted.inbound

    def text(self, text: str, number: str = NUMBER, to: str | None = OURS) -> StoredReply:
        """One SMS comes in; how it is kept."""
        self._texted += 1
        self.service.clock.move(0.001)
        service = self.service
        answering = Replies(
            service.db,
            service.keyring,
            REPLY_LANGUAGES,
            3600,
            Outbox(("webhook",), lambda _: True),
            inbound=True,
            senders=Senders(service.policy.countries, service.sims),
        )
        reply = Reply(number, text, None, service.clock(), f"sms {self._texted}", to)
        answering.take("obedient", reply, service.clock())
        return stored_replies.newest(service.db, 1)[0]

    def status(self, verification: Verification) -> VerificationStatus:
        return self.service.read(verification).status_at(self.service.clock())


@pytest.fixture
def inviting(service: Service) -> Inviting:
    return Inviting(service)


def test_the_right_token_from_the_claimed_number_approves(inviting: Inviting) -> None:
    verification, invitation = inviting.invite()
    assert invitation.text_to == OURS
    assert verification.newest_delivery is None
    assert inviting.status(verification) is VerificationStatus.PENDING
    assert inviting.text(f"hello {invitation.token.lower()}").meaning is ReplyKind.APPROVED
    assert inviting.status(verification) is VerificationStatus.APPROVED
    assert inviting.text(invitation.token).meaning is ReplyKind.OTHER


def test_nothing_is_sent_and_the_token_is_kept_nowhere(inviting: Inviting) -> None:
    _, invitation = inviting.invite()
    inviting.service.work()
    assert inviting.service.gateway.messages == []
    with inviting.service.db.read() as connection:
        row = connection.execute(verifications.select()).one()
    assert invitation.token.replace("-", "") not in str(row)
    inviting.text(invitation.token)
    with inviting.service.db.read() as connection:
        assert connection.execute(verifications.select()).one().token_hash is None


def test_the_right_token_from_another_number_approves_nothing_and_is_starred_out(inviting: Inviting) -> None:
    verification, invitation = inviting.invite()
    kept = inviting.text(f"here: {invitation.token}", OTHER)
    assert (kept.meaning, kept.text) == (ReplyKind.OTHER, "here: ****")
    assert inviting.status(verification) is VerificationStatus.PENDING
    assert inviting.text(invitation.token).meaning is ReplyKind.APPROVED


@pytest.mark.parametrize(
    ("written", "to", "meaning"),
    [
        ("+4792261234", None, ReplyKind.APPROVED),
        ("4792261234", OURS, ReplyKind.APPROVED),
        ("4792261234", "+14155552671", ReplyKind.OTHER),
        ("4792261234", None, ReplyKind.OTHER),
    ],
)
def test_a_token_counts_only_from_a_sender_that_can_be_nobody_else(
    db: Database, written: str, to: str | None, meaning: ReplyKind
) -> None:
    inviting = Inviting(Service(db, Policy(countries=frozenset({"GB", "NO"}), bcrypt_rounds=4)))
    _, invitation = inviting.invite("+4792261234")
    assert inviting.text(invitation.token, written, to).meaning is meaning


def test_it_is_over_when_its_time_is(inviting: Inviting) -> None:
    verification, invitation = inviting.invite()
    inviting.service.clock.now = invitation.expires_at
    assert inviting.text(invitation.token).meaning is ReplyKind.OTHER
    assert inviting.status(verification) is VerificationStatus.EXPIRED


def test_wrong_tokens_lock_the_number_and_then_the_right_one_approves_nothing(inviting: Inviting) -> None:
    _, invitation = inviting.invite()
    for _ in range(FREE_FAILURES):
        inviting.text(WRONG)
    assert inviting.text(invitation.token).meaning is ReplyKind.OTHER
    inviting.service.clock.move(31)
    assert inviting.text(invitation.token).meaning is ReplyKind.APPROVED
    # A right one forgives.
    _, again = inviting.invite()
    inviting.text(WRONG)
    assert inviting.text(again.token).meaning is ReplyKind.APPROVED


def test_a_text_that_only_looks_like_a_token_costs_nothing_without_an_invitation(inviting: Inviting) -> None:
    for _ in range(FREE_FAILURES):
        inviting.text("this code")
    verification, code = inviting.service.sent()
    assert inviting.service.check(verification, code).valid


def test_each_of_several_is_approved_by_its_own(inviting: Inviting) -> None:
    first, one = inviting.invite()
    second, _ = inviting.invite(app=App("bank"))
    inviting.text(one.token)
    assert inviting.status(first) is VerificationStatus.APPROVED
    assert inviting.status(second) is VerificationStatus.PENDING


def test_of_many_right_ones_at_once_one_approves(inviting: Inviting) -> None:
    verification, invitation = inviting.invite()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: inviting.text(invitation.token), range(8)))
    did = [reply.meaning for reply in stored_replies.newest(inviting.service.db, 10)]
    assert did.count(ReplyKind.APPROVED) == 1
    assert inviting.status(verification) is VerificationStatus.APPROVED


@pytest.mark.parametrize("limit", [Limit.NUMBER, Limit.BLOCK, Limit.KEY, Limit.TOTAL, Limit.COUNTRY])
def test_all_that_limits_a_send_limits_it(db: Database, limit: Limit) -> None:
    inviting = Inviting(Service(db, limits={limit: parse_rates("2/h")}))
    inviting.invite()
    inviting.service.issue()
    with pytest.raises(RateLimitExceededError) as reached:
        inviting.invite()
    assert reached.value.limit is limit
    inviting.service.clock.move(3600)
    inviting.invite()


def test_a_report_cancels_it_and_refuses_more_but_a_stop_does_neither(inviting: Inviting) -> None:
    verification, _ = inviting.invite()
    inviting.text("STOP")
    inviting.invite()
    assert inviting.status(verification) is VerificationStatus.PENDING
    inviting.text("not me")
    assert inviting.status(verification) is VerificationStatus.CANCELED
    with pytest.raises(NumberReportedError):
        inviting.invite()


def test_no_code_of_it_can_be_checked_and_nothing_sent_again(inviting: Inviting) -> None:
    verification, _ = inviting.invite()
    service = inviting.service
    with pytest.raises(InvalidFieldError, match="its person texts a token"):
        service.check(verification, "123456")
    with pytest.raises(InvalidFieldError, match="nothing is sent for it"):
        service.resend(verification)
    assert service.issuer.cancel(verification.id, SHOP, service.clock()).status is VerificationStatus.CANCELED


def test_it_is_off_unless_the_operator_turns_it_on(service: Service) -> None:
    with pytest.raises(InvalidFieldError, match="OTP_INBOUND_VERIFICATION"):
        service.inviter.invite(SendRequest(NUMBER, channel="inbound"), SHOP, service.clock())


def test_neither_a_test_key_nor_an_idempotency_key_goes_with_it(inviting: Inviting) -> None:
    service = inviting.service
    with pytest.raises(InvalidFieldError, match="test key"):
        inviting.invite(app=App("shop", test=True))
    once = Idempotency(service.db, service.keyring, service.clock).once("shop", "order-1", "a send")
    with pytest.raises(InvalidFieldError, match="Idempotency-Key"):
        service.inviter.invite(SendRequest(NUMBER, channel="inbound"), SHOP, service.clock(), once)
