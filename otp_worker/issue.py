"""Step 1, issue: accept a request for a passcode, write it down, and put its delivery on the queue.

Nothing here ever knows a code.
"""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from ulid import ULID

from otp_worker.errors import AlreadyOverError, InvalidFieldError, NotFoundError, TooSoonError
from otp_worker.gateways.rehearsal import EXPIRED, EXPIRED_LIFE_SECONDS
from otp_worker.guard import Pauses
from otp_worker.idempotency import HEADER
from otp_worker.inbound import INBOUND, Invitation, new_token, number_to_text, shown, token_hashes
from otp_worker.keyring import Keyring
from otp_worker.limiter import RedisLimiter
from otp_worker.limits import Left, Limit, LimitRates, Limits, Scope
from otp_worker.model import APP_SCOPES, DeliveryStatus, KeyScope, Verification, VerificationStatus
from otp_worker.numbers import parse_number
from otp_worker.policy import MAX_LIFE_SECONDS, MIN_LIFE_SECONDS, Policy, Publish
from otp_worker.sims import REHEARSED, Sims
from otp_worker.store import expiring, guarding, issuing, opting, reading, remembering
from otp_worker.store.database import Database
from otp_worker.store.remembering import Once
from otp_worker.text import language_of

SEED_BYTES = 20


@dataclass(frozen=True, slots=True)
class SendRequest:
    """What an app asks for; what it leaves out is the operator's default."""

    to: str
    user: str | None = None
    channel: str = "sms"
    template: str | None = None
    locale: str | None = None
    ip: str | None = None
    ttl_seconds: int | None = None
    code_length: int | None = None


@dataclass(frozen=True, slots=True)
class App:
    """Who asks, and what for: the owner of verifications. A test app's never reach a gateway.

    ``rates`` are those of the key that is used, in place of the operator's.
    """

    name: str
    test: bool = False
    scopes: frozenset[KeyScope] = APP_SCOPES
    rates: LimitRates = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a new delivery waits in the database instead of going on the queue, in the delivery's words."""

    status: DeliveryStatus
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """What was asked for and will be sent; ``left`` is what the limits leave after it.

    ``inbound`` is what the person is to text instead, where that was asked for.
    """

    verification: Verification
    left: list[Left]
    inbound: Invitation | None = None


@dataclass(frozen=True, slots=True)
class Issuer:
    """The first step with all it needs; ``hold`` says whether deliveries by a route must wait just now.

    ``inbound_sims`` are those that people may text to; none where reverse verification is off.
    """

    db: Database
    keyring: Keyring
    policy: Policy
    limits: Limits
    limiter: RedisLimiter
    publish: Publish
    hold: Callable[[str], Hold | None]
    pauses: Pauses
    inbound_sims: Sims | None = None

    def issue(self, request: SendRequest, app: App, now: datetime, once: Once | None = None) -> Accepted:
        """Write a verification with its first delivery, then publish it.

        Raises InvalidFieldError, CountryNotAllowedError, OptedOutError, NumberReportedError,
        SendsPausedError, LimitReachedError and RequestInFlightError.
        """
        new = self._new(request, app, now)
        self._refuse_unwanted(new.number, app, now)
        self._refuse_paused(new.number, new.country, app, now)
        deadline_at = now + timedelta(seconds=self.policy.send_deadline_seconds)
        first = self._delivery(new.id, 1, _route(new.country, app), now, deadline_at)
        recipient = issuing.Recipient(new.number, new.country, new.ip_hash)
        scopes = self._scopes(recipient, app)
        with self._counted(first.id, scopes, now, once) as (left, uncounted):
            guard = issuing.Guard(uncounted, app.test, once)
            left += issuing.insert_verification(self.db, new, first, guard)
        self._publish(first)
        return Accepted(issuing.as_written(new, first), left)

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
        guarding.refuse_reported(self.db, self.keyring.number_hashes(new.number), now)
        self._refuse_paused(new.number, new.country, app, now)
        scopes = self._scopes(issuing.Recipient(new.number, new.country, new.ip_hash), app)
        with self._counted(new.id, scopes, now, None) as (left, uncounted):
            left += issuing.insert_verification(self.db, new, None, issuing.Guard(uncounted))
        return Accepted(
            issuing.as_written(new, None), left, Invitation(text_to, shown(token), new.expires_at)
        )

    def resend(self, verification_id: str, app: App, now: datetime, once: Once | None = None) -> Accepted:
        """Send the same code once more; while an SMS is still on its way, that one is the answer.

        Raises NotFoundError, AlreadyOverError, TooSoonError, OptedOutError, NumberReportedError,
        SendsPausedError, LimitReachedError and RequestInFlightError.
        """
        found = self._read(verification_id, app)
        self._must_be_pending(found, now)
        if found.channel == INBOUND:
            raise InvalidFieldError("verification_id", "nothing is sent for it; its person texts the token")
        if issuing.is_on_its_way(self.db, found.id):
            return self._on_its_way(found, now, once)
        last_send_at = found.created_at + timedelta(seconds=MAX_LIFE_SECONDS - MIN_LIFE_SECONDS)
        if last_send_at <= now:
            # What is left of the code's life is too short to be typed; only a new verification helps.
            raise AlreadyOverError(found.id, VerificationStatus.EXPIRED)
        recipient = issuing.recipient(self.db, found.id)
        self._refuse_unwanted(recipient.number, app, now)
        self._refuse_paused(recipient.number, recipient.country, app, now)
        next_resend_at = now + timedelta(seconds=self.policy.resend_after_seconds)
        number = int(found.delivery.id.rpartition(".")[2]) + 1
        in_time = now + timedelta(seconds=self.policy.send_deadline_seconds)
        deadline_at = min(in_time, found.expires_at, last_send_at)
        new = self._delivery(found.id, number, found.delivery.route, now, deadline_at)
        try:
            with self._counted(new.id, self._scopes(recipient, app), now, once) as (left, uncounted):
                guard = issuing.Guard(uncounted, app.test, once)
                left += issuing.insert_resend(self.db, new, next_resend_at, guard)
        except issuing.NotNowError:
            return self._not_now(found.id, app, now, once)
        self._publish(new)
        return Accepted(self._read(verification_id, app), left)

    def cancel(self, verification_id: str, app: App, now: datetime) -> Verification:
        """End a verification at the app's wish; raises NotFoundError and AlreadyOverError."""
        canceled = issuing.cancel(self.db, verification_id, app.name, now)
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

    def _new(self, request: SendRequest, app: App, now: datetime) -> issuing.NewVerification:
        number = parse_number(request.to, self.policy.countries)
        if request.template is not None and request.template not in self.policy.templates:
            raise InvalidFieldError(
                "template", "there is no template of that name; the operator defines them"
            )
        ttl_seconds = request.ttl_seconds or self.policy.ttl_seconds
        if app.test and number.e164.endswith(EXPIRED):
            ttl_seconds = EXPIRED_LIFE_SECONDS
        longest = min(self.policy.send_deadline_seconds + ttl_seconds, MAX_LIFE_SECONDS)
        return issuing.NewVerification(
            id=f"ver_{ULID.from_datetime(now)}",
            app=app.name,
            test=app.test,
            number=number.e164,
            number_hash=self.keyring.number_hash(number.e164),
            number_masked=number.masked,
            block_hash=self.limits.block_hash(number.e164),
            country=number.country,
            user=request.user,
            channel=request.channel,
            template=request.template,
            language=language_of(request.locale),
            ip_hash=self.limits.ip_hash(request.ip) if request.ip else None,
            key_id=self.keyring.newest,
            code_length=request.code_length or self.policy.code_length,
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
    ) -> issuing.NewDelivery:
        hold = self.hold(route)
        return issuing.NewDelivery(
            verification_id=verification_id,
            number=number,
            route=route,
            status=hold.status if hold else DeliveryStatus.QUEUED,
            reason=hold.reason if hold else None,
            created_at=now,
            deadline_at=deadline_at,
            published_at=None if hold else now,
        )

    def _refuse_unwanted(self, number: str, app: App, now: datetime) -> None:
        if not app.test:
            hashes = self.keyring.number_hashes(number)
            opting.refuse_opted_out(self.db, hashes)
            guarding.refuse_reported(self.db, hashes, now)

    def _refuse_paused(self, number: str, country: str, app: App, now: datetime) -> None:
        if not app.test:
            self.pauses.refuse_paused(number, country, now)

    def _scopes(self, to: issuing.Recipient, app: App) -> list[Scope]:
        return self.limits.on_send(to.number, to.country, app.name, to.ip_hash, app.rates, test=app.test)

    @contextmanager
    def _counted(
        self, delivery_id: str, scopes: list[Scope], now: datetime, once: Once | None
    ) -> Iterator[tuple[list[Left], list[Scope]]]:
        """Count a send in Redis, and not if it comes to nothing; what is left, and what is yet to be counted.

        That the database counts, in the send's own transaction: each number always, so that no loss of
        Redis's memory lets anybody flood it, and everything where Redis is away.
        """
        number = [scope for scope in scopes if scope.limit is Limit.NUMBER]
        # A request that comes twice at once is known by its key, in the transaction, and must get there:
        # it is not to be told that the number's limit is reached, by itself.
        shared = [scope for scope in scopes if once is None or scope not in number]
        left = self.limiter.take(delivery_id, shared, now) if shared else []
        if left is None:
            yield [], scopes
            return
        try:
            yield [each for each in left if each.limit is not Limit.NUMBER], number
        except BaseException:
            self.limiter.give_back(delivery_id, shared)
            raise

    def _not_now(self, verification_id: str, app: App, now: datetime, once: Once | None) -> Accepted:
        found = self._read(verification_id, app)
        self._must_be_pending(found, now)
        if issuing.is_on_its_way(self.db, found.id):
            return self._on_its_way(found, now, once)
        raise TooSoonError(found.resend_at)

    def _on_its_way(self, found: Verification, now: datetime, once: Once | None) -> Accepted:
        if once is not None:
            # So that its repetition, when this SMS is sent, does not ask for another.
            remembering.claim_alone(self.db, once, found.id, now)
        return Accepted(found, [])

    def _publish(self, new: issuing.NewDelivery) -> None:
        # After the commit: a worker must find the row. A failure here is the sweep's to mend, and soon.
        if new.published_at is not None and not self.publish(new.id):
            expiring.mark_published(self.db, [new.id], None)

    def _read(self, verification_id: str, app: App) -> Verification:
        found = reading.find(self.db, verification_id, app.name)
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
