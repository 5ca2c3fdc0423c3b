"""Step 1, issue: accept a request for a passcode, write it down, and put its delivery on the queue.

Nothing here ever knows a code, but for one that its app gives.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from otp_worker.domain.app import App
from otp_worker.domain.errors import VerificationEndedError
from otp_worker.domain.verification import Verification, VerificationStatus
from otp_worker.issue.drafts import Drafts
from otp_worker.issue.given_codes import GivenCodes
from otp_worker.issue.payments import Payments
from otp_worker.issue.request import Accepted, SendRequest
from otp_worker.issue.resend import Resender
from otp_worker.issue.writer import SendWriter
from otp_worker.protection.pauses import Pauses
from otp_worker.store import issue as statements
from otp_worker.store import verifications
from otp_worker.store.database import Database
from otp_worker.store.idempotency_keys import IdempotencyKey
from otp_worker.store.issue import NewSend, Recipient
from otp_worker.store.pending import PendingError


@dataclass(frozen=True, slots=True)
class Issuer:
    """Issues verifications, reads them and calls them back."""

    db: Database
    drafts: Drafts
    writer: SendWriter
    pauses: Pauses
    resender: Resender
    given_codes: GivenCodes
    payments: Payments

    def issue(
        self, request: SendRequest, app: App, now: datetime, once: IdempotencyKey | None = None
    ) -> Accepted:
        """Write a verification with its first delivery, then publish it.

        What repeats a pending one is a resend of that. Raises InvalidFieldError, CountryNotAllowedError,
        SendsPausedError, OptedOutError, NumberReportedError, RateLimitExceededError, TooSoonError,
        RequestInFlightError, SealingUnavailableError, and UnauthenticatedError where the key is revoked.
        """
        # First of all, so that a flood of refused requests costs next to nothing.
        self.writer.limiter.refuse_remembered(self.drafts.callers_limits(request.ip, app), now)
        self.given_codes.refuse_unasked(request, app)
        new = self.drafts.verification(request, app, now)
        self.pauses.refuse_paused(new.identity, new.country, app.name, now, test=app.test)
        new = self.payments.kept(self.given_codes.kept(new, request), request)
        first = self.drafts.delivery(new.id, 1, new.route, now)
        guard = self.drafts.guard(Recipient(new.identity, new.country, new.ip_hash, new.buckets), app, once)
        send = NewSend(new, first, guard, request.new)
        try:
            left = self.writer.write(send)
        except PendingError as pending:
            try:
                if not self.given_codes.is_another(pending.verification_id, request):
                    return self.resender.resend(pending.verification_id, app, now, once, new.ip_hash)
                left = self.writer.write(replace(send, instead=True))
            except VerificationEndedError:
                # It ended this moment, or has too little life left: nothing holds a new one up.
                left = self.writer.write(replace(send, instead=True))
        return Accepted(statements.as_written(new, first), left)

    def cancel(self, verification_id: str, app: App, now: datetime) -> Verification:
        """End a verification at the app's wish; raises NotFoundError and VerificationEndedError."""
        canceled = statements.cancel(self.db, verification_id, app.name, now)
        found = self.read(verification_id, app)
        if not canceled and found.status is not VerificationStatus.CANCELED:
            raise VerificationEndedError(found.id, found.status_at(now))
        return found

    def read(self, verification_id: str, app: App) -> Verification:
        """An app's own verification; raises NotFoundError."""
        return verifications.get(self.db, verification_id, app.name)
