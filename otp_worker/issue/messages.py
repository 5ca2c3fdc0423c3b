"""Step 1 for a message: an SMS whose text its app gives, sealed to the workers before it is written."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ulid import ULID

from otp_worker.domain.app import App
from otp_worker.domain.errors import NotFoundError, RequestError
from otp_worker.domain.message import (
    CHANNEL,
    ID_PREFIX,
    SETTLING,
    MessageEndedError,
    MessageStatus,
    Priority,
    is_message,
    status_at,
)
from otp_worker.domain.passcode import Derivation
from otp_worker.domain.phone_number import parse_number
from otp_worker.domain.sealing import SealingUnavailableError, SealKey
from otp_worker.domain.sim import SANDBOX
from otp_worker.domain.verification import Verification
from otp_worker.issue.drafts import Drafts
from otp_worker.issue.request import Accepted
from otp_worker.issue.sealer import Sealer
from otp_worker.issue.writer import SendWriter
from otp_worker.protection.pauses import Pauses
from otp_worker.store import issue as statements
from otp_worker.store import verifications
from otp_worker.store.database import Database
from otp_worker.store.idempotency_keys import IdempotencyKey
from otp_worker.store.issue import Answer, NewSend, Recipient
from otp_worker.store.new_verification import NewVerification

NOTICE_SECONDS = 86_400
"""How long a notice may wait to be sent unless its app says it."""
OLDER_MAY_RUN = (
    "a worker of an older version may run, which cannot send messages; once none does, let the operator set "
    "OTP_OLDEST_VERSION to 0.3"
)


@dataclass(frozen=True, slots=True)
class MessageRequest:
    """What an app asks for; ``limits`` are the values to be counted in its own buckets."""

    to: str
    text: str = field(repr=False)
    expires_in_seconds: int | None = None
    priority: Priority = Priority.CODE
    user: str | None = None
    ip: str | None = None
    client_reference: str | None = None
    tags: Mapping[str, str] | None = None
    limits: Mapping[str, str] | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Messenger:
    """Accepts messages, reads them and calls them back.

    ``may_accept`` tells whether every worker there can be knows what a message is.
    """

    db: Database
    drafts: Drafts
    writer: SendWriter
    pauses: Pauses
    sealer: Sealer
    may_accept: Callable[[], bool]

    def issue(
        self, request: MessageRequest, app: App, now: datetime, once: IdempotencyKey | None = None
    ) -> Accepted:
        """Write a message with its delivery, then publish that.

        Raises InvalidFieldError, CountryNotAllowedError, SendsPausedError, OptedOutError,
        NumberReportedError, RateLimitExceededError, RequestInFlightError, SealingUnavailableError, and
        UnauthenticatedError where the app's key is revoked.
        """
        # First of all, so that a flood of refused requests costs next to nothing.
        self.writer.limiter.refuse_remembered(self.drafts.callers_limits(request.ip, app), now)
        send = self._draft(request, app, now, self._key(), once)
        return Accepted(statements.as_written(send.new, send.first), self.writer.write(send))

    def issue_batch(
        self,
        requests: Sequence[MessageRequest | RequestError],
        app: App,
        now: datetime,
        once: IdempotencyKey | None,
        answer_to: Callable[[Sequence[Accepted | RequestError]], str],
    ) -> str:
        """Write many messages in one transaction; what ``answer_to`` makes of what became of each.

        What is refused, or was no request at all, is told in its place and harms no other.

        Raises SealingUnavailableError, RequestInFlightError, and UnauthenticatedError where the app's key is
        revoked.
        """
        key = self._key()
        drafts = [self._try(each, app, now, key) for each in requests]
        sends = [each for each in drafts if isinstance(each, NewSend)]

        def told(answers: Mapping[str, Answer]) -> str:
            return answer_to([_became(each, answers) for each in drafts])

        if not sends:
            return told({})
        return self.writer.write_batch(sends, f"bat_{ULID.from_datetime(now)}", once, told)

    def _try(
        self, request: MessageRequest | RequestError, app: App, now: datetime, key: SealKey
    ) -> NewSend | RequestError:
        if isinstance(request, RequestError):
            return request
        try:
            return self._draft(request, app, now, key, None)
        except RequestError as refusal:
            return refusal

    def cancel(self, message_id: str, app: App, now: datetime) -> Verification:
        """Call a message back at the app's wish; raises NotFoundError and MessageEndedError."""
        statements.cancel(self.db, message_id, app.name, now)
        found = self.read(message_id, app)
        status = status_at(found, now)
        if status is not MessageStatus.CANCELED:
            raise MessageEndedError(found.id, status)
        return found

    def read(self, message_id: str, app: App) -> Verification:
        """An app's own message; raises NotFoundError."""
        found = verifications.find(self.db, message_id, app.name)
        if found is None or not is_message(found):
            raise NotFoundError("there is no such message")
        return found

    def _key(self) -> SealKey:
        """What texts are sealed to. Raises SealingUnavailableError where not every worker can open them."""
        if not self.may_accept():
            raise SealingUnavailableError(OLDER_MAY_RUN)
        return self.sealer.key()

    def _draft(
        self,
        request: MessageRequest,
        app: App,
        now: datetime,
        key: SealKey,
        once: IdempotencyKey | None,
    ) -> NewSend:
        """The rows of a message, and what it must pass."""
        self.drafts.refuse_unknown_buckets(request.limits, app)
        new = self._message(request, app, now, key)
        self.pauses.refuse_paused(new.identity, new.country, app.name, now, test=app.test)
        deadline_at = new.expires_at - SETTLING
        route = SANDBOX if app.test else new.country
        first = self.drafts.message_delivery(new, route, request.priority, now, deadline_at)
        guard = self.drafts.guard(Recipient(new.identity, new.country, new.ip_hash, new.buckets), app, once)
        # Two messages to one person are two messages: none repeats, or replaces, what is pending.
        return NewSend(new, first, guard, instead=True)

    def _message(self, request: MessageRequest, app: App, now: datetime, key: SealKey) -> NewVerification:
        drafts = self.drafts
        number = parse_number(request.to, drafts.policy.countries)
        message_id = f"{ID_PREFIX}{ULID.from_datetime(now)}"
        seconds = request.expires_in_seconds or self._usual_seconds(request.priority)
        deadline_at = now + timedelta(seconds=seconds)
        return NewVerification(
            id=message_id,
            app=app.name,
            test=app.test,
            number=number.e164,
            number_hashes=drafts.keyring.number_hashes(number.e164),
            number_masked=number.masked,
            block_hash=drafts.limits.block_hash(number.e164),
            country=number.country,
            user=request.user,
            channel=CHANNEL,
            template=None,
            language="en",
            ip_hash=drafts.limits.ip_hash(request.ip) if request.ip else None,
            key_id=drafts.keyring.newest,
            code_length=0,
            seed=None,
            max_checks=0,
            ttl_seconds=seconds,
            created_at=now,
            expires_at=deadline_at + SETTLING,
            last_expiry_at=deadline_at + SETTLING,
            resend_at=deadline_at + SETTLING,
            # Nobody's token. An older version takes what has one for no code that is pending for its person.
            token_hash=secrets.token_bytes(32),
            derivation=Derivation.MESSAGE,
            request_id=request.request_id,
            trace_context=drafts.trace_context(),
            client_reference=request.client_reference,
            tags=request.tags,
            sealed=key.seal(request.text, message_id),
            buckets=drafts.limits.buckets(app.name, request.limits) if request.limits else (),
        )

    def _usual_seconds(self, priority: Priority) -> int:
        return self.drafts.policy.send_deadline_seconds if priority is Priority.CODE else NOTICE_SECONDS


def _became(draft: NewSend | RequestError, answers: Mapping[str, Answer]) -> Accepted | RequestError:
    """What became of one of a batch. Raises what is no refusal."""
    if isinstance(draft, RequestError):
        return draft
    answer = answers[draft.new.id]
    if isinstance(answer, RequestError):
        return answer
    if isinstance(answer, Exception):
        raise answer
    return Accepted(statements.as_written(draft.new, draft.first), answer)
