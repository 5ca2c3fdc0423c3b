"""Step 1, issue: accept a request for a passcode, write it down, and put its delivery on the queue.

Nothing here ever knows a code.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog
from ulid import ULID

from otp_worker.domain.app import App
from otp_worker.domain.errors import AlreadyOverError, InvalidFieldError, NotFoundError, TooSoonError
from otp_worker.domain.inbound_token import (
    INBOUND,
    Invitation,
    new_token,
    number_to_text,
    shown,
    token_hashes,
)
from otp_worker.domain.keyring import Keyring
from otp_worker.domain.limits import Left, Limit, Limits
from otp_worker.domain.passcode import derivation_of
from otp_worker.domain.phone_number import parse_number
from otp_worker.domain.policy import MAX_LIFE_SECONDS, MIN_LIFE_SECONDS, Policy
from otp_worker.domain.ports import PublishAll
from otp_worker.domain.sim import REHEARSED, Sims
from otp_worker.domain.sms_text import language_of
from otp_worker.domain.verification import DeliveryStatus, Verification, VerificationStatus
from otp_worker.gateways.sandbox import EXPIRED, EXPIRED_LIFE_SECONDS
from otp_worker.issue.admission import admit
from otp_worker.issue.idempotency import HEADER
from otp_worker.protection.pumping_guard import Pauses
from otp_worker.protection.rate_limiter import LocalLimiter, RedisLimiter
from otp_worker.store import expire, idempotency_keys, lockouts, verifications
from otp_worker.store import issue as statements
from otp_worker.store import limits as stored_limits
from otp_worker.store.batcher import Together
from otp_worker.store.database import Database, is_away
from otp_worker.store.idempotency_keys import Once
from otp_worker.store.issue import (
    Answer,
    Guard,
    NewDelivery,
    NewSend,
    NotNowError,
    Recipient,
)
from otp_worker.store.new_verification import NewVerification
from otp_worker.store.pending import PendingError

log = structlog.get_logger()

SEED_BYTES = 20


@dataclass(frozen=True, slots=True)
class SendRequest:
    """What an app asks for; what it leaves out is the operator's default.

    A ``new`` code is asked for even where one is pending for the same person.
    """

    to: str
    user: str | None = None
    channel: str = "sms"
    template: str | None = None
    locale: str | None = None
    ip: str | None = None
    ttl_seconds: int | None = None
    code_length: int | None = None
    new: bool = False


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a new delivery waits in the database instead of going on the queue, in the delivery's words."""

    status: DeliveryStatus
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """What was asked for and will be sent; ``left`` is what the limits leave after it.

    ``inbound`` is what the person is to text instead, where that was asked for; ``resent`` says that the
    verification was pending already.
    """

    verification: Verification
    left: list[Left]
    inbound: Invitation | None = None
    resent: bool = False


@dataclass(slots=True)
class Issuer:
    """The first step with all it needs; ``hold`` says whether deliveries by a route must wait just now.

    ``inbound_sims`` are those that people may text to; none where reverse verification is off.
    ``may_be_wide`` tells whether every worker knows how the longest codes are derived.
    """

    db: Database
    keyring: Keyring
    policy: Policy
    limits: Limits
    limiter: RedisLimiter
    publish: PublishAll
    hold: Callable[[str], Hold | None]
    pauses: Pauses
    inbound_sims: Sims | None = None
    may_be_wide: Callable[[], bool] = lambda: True
    _accept_together: Together[NewSend, list[Left]] = field(init=False)
    _repeats: LocalLimiter = field(default_factory=LocalLimiter)

    def __post_init__(self) -> None:
        self._accept_together = Together(self._accept, is_away)

    def issue(self, request: SendRequest, app: App, now: datetime, once: Once | None = None) -> Accepted:
        """Write a verification with its first delivery, then publish it.

        What repeats a pending one is a resend of that. Raises InvalidFieldError, CountryNotAllowedError,
        SendsPausedError, OptedOutError, NumberReportedError, LimitReachedError, TooSoonError and
        RequestInFlightError.
        """
        new = self._new(request, app, now)
        self._refuse_paused(new.number, new.country, app, now)
        deadline_at = now + timedelta(seconds=self.policy.send_deadline_seconds)
        first = self._delivery(new.id, 1, _route(new.country, app), now, deadline_at)
        guard = self._guard(Recipient(new.number, new.country, new.ip_hash), app, once)
        send = NewSend(new, first, guard, request.new)
        try:
            left = self._accept_together(send)
        except PendingError as pending:
            try:
                return self._resend(pending.verification_id, app, now, once, new.ip_hash)
            except AlreadyOverError:
                # It ended this moment, or has too little life left: nothing holds a new one up.
                left = self._accept_together(replace(send, instead=True))
        return Accepted(statements.as_written(new, first), left)

    def invite(self, request: SendRequest, app: App, now: datetime, once: Once | None = None) -> Accepted:
        """Write a verification that the person approves by texting a token to us; nothing is sent.

        All that limits a send limits this. Raises InvalidFieldError, CountryNotAllowedError,
        NumberReportedError, SendsPausedError and LimitReachedError.
        """
        sims = self._may_invite(app, once)
        token = new_token()
        new = replace(self._new(request, app, now), seed=None, max_checks=0)
        new = replace(
            new,
            token_hash=token_hashes(self.keyring, token)[0],
            expires_at=now + timedelta(seconds=new.ttl_seconds),
        )
        text_to = number_to_text(sims, new.country, new.number_hash)
        lockouts.refuse_reported(self.db, self.keyring.number_hashes(new.number), now)
        self._refuse_paused(new.number, new.country, app, now)
        guard = self._guard(Recipient(new.number, new.country, new.ip_hash), app, once)
        # Nothing is sent: a STOP is no reason to refuse it.
        left = self._accept_together(NewSend(new, None, replace(guard, number_hashes=())))
        return Accepted(
            statements.as_written(new, None), left, Invitation(text_to, shown(token), new.expires_at)
        )

    def resend(self, verification_id: str, app: App, now: datetime, once: Once | None = None) -> Accepted:
        """Send the same code once more; while an SMS is still on its way, that one is the answer.

        Raises NotFoundError, AlreadyOverError, TooSoonError, OptedOutError, NumberReportedError,
        SendsPausedError, LimitReachedError and RequestInFlightError.
        """
        return self._resend(verification_id, app, now, once)

    def _resend(
        self, verification_id: str, app: App, now: datetime, once: Once | None, ip_hash: bytes | None = None
    ) -> Accepted:
        """Send once more what is pending; ``ip_hash`` stands for who asks, where that is known anew."""
        found = self._read(verification_id, app)
        self._must_be_pending(found, now)
        if found.channel == INBOUND:
            raise InvalidFieldError("verification_id", "nothing is sent for it; its person texts the token")
        if statements.is_on_its_way(self.db, found.id):
            return self._on_its_way(found, app, now, once, ip_hash)
        last_send_at = found.created_at + timedelta(seconds=MAX_LIFE_SECONDS - MIN_LIFE_SECONDS)
        if last_send_at <= now:
            # What is left of the code's life is too short to be typed; only a new verification helps.
            raise AlreadyOverError(found.id, VerificationStatus.EXPIRED)
        recipient = statements.recipient(self.db, found.id)
        self._refuse_paused(recipient.number, recipient.country, app, now)
        next_resend_at = now + timedelta(seconds=self.policy.resend_after_seconds)
        number = int(found.delivery.id.rpartition(".")[2]) + 1
        in_time = now + timedelta(seconds=self.policy.send_deadline_seconds)
        deadline_at = min(in_time, found.expires_at, last_send_at)
        new = self._delivery(found.id, number, found.delivery.route, now, deadline_at)
        try:
            left = self._insert_resend(new, next_resend_at, self._guard(recipient, app, once), now)
        except NotNowError:
            return self._not_now(found.id, app, now, once, ip_hash)
        self._publish([new])
        return Accepted(statements.as_resent(found, new, next_resend_at), left, resent=True)

    def cancel(self, verification_id: str, app: App, now: datetime) -> Verification:
        """End a verification at the app's wish; raises NotFoundError and AlreadyOverError."""
        canceled = statements.cancel(self.db, verification_id, app.name, now)
        found = self._read(verification_id, app)
        if not canceled and found.status is not VerificationStatus.CANCELED:
            raise AlreadyOverError(found.id, found.status_at(now))
        return found

    def read(self, verification_id: str, app: App) -> Verification:
        """An app's own verification; raises NotFoundError."""
        return self._read(verification_id, app)

    def _may_invite(self, app: App, once: Once | None) -> Sims:
        if self.inbound_sims is None:
            raise InvalidFieldError(
                "channel", "inbound is off here; use sms, or let the operator set OTP_INBOUND_VERIFICATION"
            )
        if app.test:
            raise InvalidFieldError("channel", "a test key has no SIM to text to; use sms")
        if once is not None:
            raise InvalidFieldError(
                HEADER, "not with the channel inbound: its token is kept nowhere, to be told again"
            )
        return self.inbound_sims

    def _new(self, request: SendRequest, app: App, now: datetime) -> NewVerification:
        number = parse_number(request.to, self.policy.countries)
        if request.template is not None and request.template not in self.policy.templates:
            raise InvalidFieldError(
                "template", "there is no template of that name; the operator defines them"
            )
        ttl_seconds = request.ttl_seconds or self.policy.ttl_seconds
        if app.test and number.e164.endswith(EXPIRED):
            ttl_seconds = EXPIRED_LIFE_SECONDS
        longest = min(self.policy.send_deadline_seconds + ttl_seconds, MAX_LIFE_SECONDS)
        code_length = request.code_length or self.policy.code_length
        derivation = derivation_of(code_length)
        return NewVerification(
            id=f"ver_{ULID.from_datetime(now)}",
            app=app.name,
            test=app.test,
            number=number.e164,
            number_hashes=self.keyring.number_hashes(number.e164),
            number_masked=number.masked,
            block_hash=self.limits.block_hash(number.e164),
            country=number.country,
            user=request.user,
            channel=request.channel,
            template=request.template,
            language=language_of(request.locale),
            ip_hash=self.limits.ip_hash(request.ip) if request.ip else None,
            key_id=self.keyring.newest,
            code_length=code_length,
            derivation=derivation if derivation is not None and self.may_be_wide() else None,
            seed=secrets.token_bytes(SEED_BYTES),
            max_checks=self.policy.max_checks,
            ttl_seconds=ttl_seconds,
            created_at=now,
            expires_at=now + timedelta(seconds=longest),
            last_expiry_at=now + timedelta(seconds=MAX_LIFE_SECONDS),
            resend_at=now + timedelta(seconds=self.policy.resend_after_seconds),
        )

    def _delivery(
        self, verification_id: str, number: int, route: str, now: datetime, deadline_at: datetime
    ) -> NewDelivery:
        hold = self.hold(route)
        return NewDelivery(
            verification_id=verification_id,
            number=number,
            route=route,
            status=hold.status if hold else DeliveryStatus.QUEUED,
            reason=hold.reason if hold else None,
            created_at=now,
            deadline_at=deadline_at,
            published_at=None if hold else now,
        )

    def _refuse_paused(self, number: str, country: str, app: App, now: datetime) -> None:
        if not app.test:
            self.pauses.refuse_paused(number, country, app.name, now)

    def _guard(self, to: Recipient, app: App, once: Once | None) -> Guard:
        hashes = [] if app.test else self.keyring.number_hashes(to.number)
        scopes = self.limits.on_send(to.number, to.country, app.name, to.ip_hash, app.rates, test=app.test)
        return Guard(
            scopes, f"{Limit.NUMBER}:{self.keyring.number_hash(to.number).hex()}", app.test, once, hashes
        )

    def _accept(self, sends: Sequence[NewSend]) -> list[Answer]:
        """Count, write and publish what several threads are asked for at this moment, in one go."""
        repeated = statements.find_repeated(self.db, sends)
        by_id = {send.new.id: send for send in sends if send.new.id not in repeated}

        def write(guards: Mapping[str, Guard]) -> Mapping[str, Answer]:
            admitted = [replace(by_id[name], guard=guard) for name, guard in guards.items()]
            return dict(zip(guards, statements.insert_verifications(self.db, admitted), strict=True))

        now = max(send.new.created_at for send in sends)
        answers = admit(self.limiter, {name: send.guard for name, send in by_id.items()}, now, write)
        answers |= repeated
        written = [send.first for send in sends if not isinstance(answers[send.new.id], Exception)]
        self._publish([first for first in written if first is not None])
        return [answers[send.new.id] for send in sends]

    def _insert_resend(
        self, new: NewDelivery, next_resend_at: datetime, guard: Guard, now: datetime
    ) -> list[Left]:
        def write(guards: Mapping[str, Guard]) -> Mapping[str, Answer]:
            return {new.id: statements.insert_resend(self.db, new, next_resend_at, guards[new.id])}

        answer = admit(self.limiter, {new.id: guard}, now, write)[new.id]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _not_now(
        self, verification_id: str, app: App, now: datetime, once: Once | None, ip_hash: bytes | None
    ) -> Accepted:
        found = self._read(verification_id, app)
        self._must_be_pending(found, now)
        if statements.is_on_its_way(self.db, found.id):
            return self._on_its_way(found, app, now, once, ip_hash)
        raise TooSoonError(found.resend_at)

    def _on_its_way(
        self, found: Verification, app: App, now: datetime, once: Once | None, ip_hash: bytes | None
    ) -> Accepted:
        """The SMS that is still to be sent is the answer: it counts for who asks, and for nobody's phone."""
        left = self._count_repeat(app, ip_hash, now)
        if once is not None:
            # So that its repetition, when this SMS is sent, does not ask for another.
            idempotency_keys.claim_alone(self.db, once, found.id, now)
        return Accepted(found, left, resent=True)

    def _count_repeat(self, app: App, ip_hash: bytes | None, now: datetime) -> list[Left]:
        """Count a request that sends no SMS of its own; what is left. Raises LimitReachedError.

        It writes no row, so that while Redis is away this process counts it beside the database's rows.
        """
        scopes = self.limits.on_repeat(app.name, ip_hash, app.rates)
        left = self.limiter.take(str(ULID()), scopes, now) if scopes else []
        if left is not None:
            return left
        self._repeats.take(scopes, now)
        return stored_limits.left(self.db, scopes, now, test=app.test)

    def _publish(self, written: Sequence[NewDelivery]) -> None:
        """Put on the queue what is written. Never raises: it is accepted, whatever fails from here on."""
        # After the commit: a worker must find the rows. A failure here is the sweep's to mend, and soon.
        published = [delivery.id for delivery in written if delivery.published_at is not None]
        try:
            if published and not self.publish(published):
                expire.mark_published(self.db, published, None)
        except Exception as error:
            log.warning("left_to_the_sweep", deliveries=published, error=type(error).__name__)

    def _read(self, verification_id: str, app: App) -> Verification:
        found = verifications.find(self.db, verification_id, app.name)
        if found is None:
            raise NotFoundError("there is no such verification")
        return found

    @staticmethod
    def _must_be_pending(found: Verification, now: datetime) -> None:
        status = found.status_at(now)
        if status is not VerificationStatus.PENDING:
            raise AlreadyOverError(found.id, status)


def _route(country: str, app: App) -> str:
    return REHEARSED if app.test else country
