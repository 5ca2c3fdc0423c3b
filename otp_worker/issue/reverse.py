"""Reverse verification: the person texts a token to us instead of typing a code that we send."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from otp_worker.domain.app import App
from otp_worker.domain.errors import InvalidFieldError
from otp_worker.domain.inbound_token import Invitation, new_token, number_to_text, shown, token_hashes
from otp_worker.domain.keyring import Keyring
from otp_worker.domain.sim import Sims
from otp_worker.issue.drafts import Drafts
from otp_worker.issue.idempotency import HEADER
from otp_worker.issue.request import Accepted, SendRequest
from otp_worker.issue.writer import SendWriter
from otp_worker.protection.pauses import Pauses
from otp_worker.store import issue as statements
from otp_worker.store import lockouts
from otp_worker.store.database import Database
from otp_worker.store.idempotency_keys import IdempotencyKey
from otp_worker.store.issue import NewSend, Recipient


@dataclass(frozen=True, slots=True)
class Inviter:
    """Invites people to text us; ``sims`` are those they may text to, None where that is off."""

    db: Database
    keyring: Keyring
    drafts: Drafts
    writer: SendWriter
    pauses: Pauses
    sims: Sims | None

    def invite(
        self, request: SendRequest, app: App, now: datetime, once: IdempotencyKey | None = None
    ) -> Accepted:
        """Write a verification that the person approves by texting a token to us; nothing is sent.

        All that limits a send limits this. Raises InvalidFieldError, CountryNotAllowedError,
        NumberReportedError, SendsPausedError, RateLimitExceededError, and UnauthenticatedError where the
        app's key is revoked.
        """
        if request.code is not None:
            raise InvalidFieldError("code", "not with the channel inbound, where nothing is sent")
        if request.payment is not None:
            raise InvalidFieldError("amount", "not with the channel inbound, where nothing is sent")
        sims = self._sims(app, once)
        token = new_token()
        new = self.drafts.verification(request, app, now)
        new = replace(
            new,
            seed=None,
            max_checks=0,
            token_hash=token_hashes(self.keyring, token)[0],
            expires_at=now + timedelta(seconds=new.ttl_seconds),
        )
        text_to = number_to_text(sims, new.country, new.number_hash)
        lockouts.refuse_reported(self.db, self.keyring.number_hashes(new.identity), now)
        self.pauses.refuse_paused(new.identity, new.country, app.name, now, test=app.test)
        guard = self.drafts.guard(Recipient(new.identity, new.country, new.ip_hash, new.buckets), app, once)
        # Nothing is sent: a STOP is no reason to refuse it.
        left = self.writer.write(NewSend(new, None, replace(guard, number_hashes=())))
        invitation = Invitation(text_to, shown(token), new.expires_at)
        return Accepted(statements.as_written(new, None), left, invitation)

    def _sims(self, app: App, once: IdempotencyKey | None) -> Sims:
        """The SIMs that the person may text to. Raises InvalidFieldError."""
        if self.sims is None:
            raise InvalidFieldError(
                "channel", "inbound is off here; use sms, or let the operator set OTP_INBOUND_VERIFICATION"
            )
        if app.test:
            raise InvalidFieldError("channel", "a test key has no SIM to text to; use sms")
        if once is not None:
            raise InvalidFieldError(
                HEADER, "not with the channel inbound: its token is kept nowhere, to be told again"
            )
        return self.sims
