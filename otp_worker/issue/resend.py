"""Sending the code of a pending verification once more."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ulid import ULID

from otp_worker.domain.app import App
from otp_worker.domain.errors import InvalidFieldError, TooSoonError, VerificationEndedError
from otp_worker.domain.inbound_token import INBOUND
from otp_worker.domain.limits import Limits, Remaining
from otp_worker.domain.policy import MAX_LIFE_SECONDS, MIN_LIFE_SECONDS
from otp_worker.domain.verification import Verification, VerificationStatus
from otp_worker.issue.drafts import Drafts
from otp_worker.issue.request import Accepted
from otp_worker.issue.writer import SendWriter
from otp_worker.protection.pauses import Pauses
from otp_worker.protection.rate_limiter import LocalLimiter, RedisLimiter
from otp_worker.store import idempotency_keys, verifications
from otp_worker.store import limits as stored_limits
from otp_worker.store import resend as statements
from otp_worker.store.database import Database
from otp_worker.store.idempotency_keys import IdempotencyKey
from otp_worker.store.new_delivery import NewDelivery
from otp_worker.store.resend import ResendNotAllowedError


@dataclass(frozen=True, slots=True)
class Resender:
    """Adds a delivery to a pending verification; while an SMS is still on its way, that one is the answer."""

    db: Database
    limits: Limits
    limiter: RedisLimiter
    drafts: Drafts
    writer: SendWriter
    pauses: Pauses
    _repeats: LocalLimiter = field(default_factory=LocalLimiter)

    def resend(
        self,
        verification_id: str,
        app: App,
        now: datetime,
        once: IdempotencyKey | None = None,
        ip_hash: bytes | None = None,
    ) -> Accepted:
        """Send the same code once more; ``ip_hash`` stands for who asks, where that is known anew.

        Raises NotFoundError, VerificationEndedError, TooSoonError, OptedOutError, NumberReportedError,
        SendsPausedError, RateLimitExceededError and RequestInFlightError.
        """
        found = self._pending(verification_id, app, now)
        if found.channel == INBOUND:
            raise InvalidFieldError("verification_id", "nothing is sent for it; its person texts the token")
        if statements.is_on_its_way(self.db, found.id):
            return self._on_its_way(found, app, now, once, ip_hash)
        last_send_at = found.created_at + timedelta(seconds=MAX_LIFE_SECONDS - MIN_LIFE_SECONDS)
        if last_send_at <= now:
            # What is left of the code's life is too short to be typed; only a new verification helps.
            raise VerificationEndedError(found.id, VerificationStatus.EXPIRED)
        recipient = statements.recipient(self.db, found.id)
        self.pauses.refuse_paused(recipient.identity, recipient.country, app.name, now, test=app.test)
        next_resend_at = self.drafts.next_resend_at(now)
        new = self._next_delivery(found, now, min(found.expires_at, last_send_at))
        try:
            left = self.writer.write_resend(new, next_resend_at, self.drafts.guard(recipient, app, once))
        except ResendNotAllowedError:
            return self._not_now(found.id, app, now, once, ip_hash)
        return Accepted(statements.as_resent(found, new, next_resend_at), left, resent=True)

    def _next_delivery(self, found: Verification, now: datetime, latest: datetime) -> NewDelivery:
        number = int(found.delivery.id.rpartition(".")[2]) + 1
        return self.drafts.delivery(found.id, number, found.delivery.route, now, latest)

    def _not_now(
        self,
        verification_id: str,
        app: App,
        now: datetime,
        once: IdempotencyKey | None,
        ip_hash: bytes | None,
    ) -> Accepted:
        found = self._pending(verification_id, app, now)
        if statements.is_on_its_way(self.db, found.id):
            return self._on_its_way(found, app, now, once, ip_hash)
        last = found.delivery
        raise TooSoonError(last.sent_at or last.created_at, now, found.resend_at)

    def _on_its_way(
        self, found: Verification, app: App, now: datetime, once: IdempotencyKey | None, ip_hash: bytes | None
    ) -> Accepted:
        """The SMS that is still to be sent is the answer: it counts for who asks, and for nobody's phone."""
        left = self._count_repeat(app, ip_hash, now)
        if once is not None:
            # So that its repetition, when this SMS is sent, does not ask for another.
            idempotency_keys.claim_alone(self.db, once, found.id, now)
        return Accepted(found, left, resent=True)

    def _count_repeat(self, app: App, ip_hash: bytes | None, now: datetime) -> list[Remaining]:
        """Count a request that sends no SMS of its own; what is left. Raises RateLimitExceededError.

        It writes no row, so that while Redis is away this process counts it beside the database's rows.
        """
        scopes = self.limits.on_repeat(app.name, ip_hash, app.rates)
        left = self.limiter.take(str(ULID()), scopes, now) if scopes else []
        if left is not None:
            return left
        self._repeats.take(scopes, now)
        return stored_limits.left(self.db, scopes, now, test=app.test)

    def _pending(self, verification_id: str, app: App, now: datetime) -> Verification:
        """The app's own verification. Raises NotFoundError and VerificationEndedError."""
        found = verifications.get(self.db, verification_id, app.name)
        status = found.status_at(now)
        if status is not VerificationStatus.PENDING:
            raise VerificationEndedError(found.id, status)
        return found
