"""Step 1, issue: accept a request for a passcode, write it down, and put its delivery on the queue.

Nothing here ever knows a code.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from ulid import ULID

from otp_worker.errors import AlreadyOverError, InvalidFieldError, NotFoundError, TooSoonError
from otp_worker.keyring import Keyring
from otp_worker.model import DeliveryStatus, Verification, VerificationStatus
from otp_worker.numbers import parse_number
from otp_worker.policy import MAX_LIFE_SECONDS, MIN_LIFE_SECONDS, Policy, Publish
from otp_worker.store import expiring, issuing, reading
from otp_worker.store.database import Database
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
    """Who asks: the owner of verifications. A test app's never reach a gateway."""

    name: str
    test: bool = False


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a new delivery waits in the database instead of going on the queue, in the delivery's words."""

    status: DeliveryStatus
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Issuer:
    """The first step with all it needs; ``hold`` says whether an app's deliveries must wait just now."""

    db: Database
    keyring: Keyring
    policy: Policy
    publish: Publish
    hold: Callable[[App], Hold | None]

    def issue(self, request: SendRequest, app: App, now: datetime) -> Verification:
        """Write a verification with its first delivery, then publish it.

        Raises InvalidFieldError and CountryNotAllowedError.
        """
        new = self._new(request, app, now)
        deadline_at = now + timedelta(seconds=self.policy.send_deadline_seconds)
        first = self._delivery(new.id, 1, app, now, deadline_at)
        issuing.insert_verification(self.db, new, first)
        self._publish(first)
        return issuing.as_written(new, first)

    def resend(self, verification_id: str, app: App, now: datetime) -> Verification:
        """Send the same code once more; while an SMS is still on its way, that one is the answer.

        Raises NotFoundError, AlreadyOverError and TooSoonError.
        """
        found = self._read(verification_id, app)
        self._must_be_pending(found, now)
        if issuing.open_delivery(self.db, found.id):
            return found
        last_send_at = found.created_at + timedelta(seconds=MAX_LIFE_SECONDS - MIN_LIFE_SECONDS)
        if last_send_at <= now:
            # What is left of the code's life is too short to be typed; only a new verification helps.
            raise AlreadyOverError(found.id, VerificationStatus.EXPIRED)
        next_resend_at = now + timedelta(seconds=self.policy.resend_after_seconds)
        if not issuing.take_resend(self.db, found.id, now, next_resend_at):
            found = self._read(verification_id, app)
            self._must_be_pending(found, now)
            raise TooSoonError(found.resend_at)
        number = int(found.delivery.id.rpartition(".")[2]) + 1
        in_time = now + timedelta(seconds=self.policy.send_deadline_seconds)
        deadline_at = min(in_time, found.expires_at, last_send_at)
        new = self._delivery(found.id, number, app, now, deadline_at)
        if issuing.insert_delivery(self.db, new):
            self._publish(new)
        return self._read(verification_id, app)

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

    def _new(self, request: SendRequest, app: App, now: datetime) -> issuing.NewVerification:
        number = parse_number(request.to, self.policy.countries)
        if request.template is not None and request.template not in self.policy.templates:
            raise InvalidFieldError(
                "template", "there is no template of that name; the operator defines them"
            )
        ttl_seconds = request.ttl_seconds or self.policy.ttl_seconds
        longest = min(self.policy.send_deadline_seconds + ttl_seconds, MAX_LIFE_SECONDS)
        return issuing.NewVerification(
            id=f"ver_{ULID.from_datetime(now)}",
            app=app.name,
            test=app.test,
            number=number.e164,
            number_hash=self.keyring.number_hash(number.e164),
            number_masked=number.masked,
            country=number.country,
            user=request.user,
            channel=request.channel,
            template=request.template,
            language=language_of(request.locale),
            ip=request.ip,
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
        self, verification_id: str, number: int, app: App, now: datetime, deadline_at: datetime
    ) -> issuing.NewDelivery:
        hold = self.hold(app)
        return issuing.NewDelivery(
            verification_id=verification_id,
            number=number,
            status=hold.status if hold else DeliveryStatus.QUEUED,
            reason=hold.reason if hold else None,
            created_at=now,
            deadline_at=deadline_at,
            published_at=None if hold else now,
        )

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
