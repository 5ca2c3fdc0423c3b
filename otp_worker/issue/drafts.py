"""What a send consists of before it is written: its verification, its delivery, and what it must pass."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from ulid import ULID

from otp_worker.domain.app import App
from otp_worker.domain.errors import InvalidFieldError
from otp_worker.domain.keyring import Keyring
from otp_worker.domain.limits import Limit, LimitKey, Limits
from otp_worker.domain.message import Priority
from otp_worker.domain.passcode import Derivation, derivation_of
from otp_worker.domain.phone_number import PhoneNumber
from otp_worker.domain.policy import DEFAULT_TEMPLATE, MAX_LIFE_SECONDS, Policy
from otp_worker.domain.quiet_hours import QUIET
from otp_worker.domain.recipient import EmailAddress
from otp_worker.domain.texts.choice import LONGEST_CODE, first_language
from otp_worker.domain.texts.template import Template
from otp_worker.domain.texts.template_checks import judge_fields
from otp_worker.domain.verification import DeliveryStatus
from otp_worker.gateways.sandbox import EXPIRED, EXPIRED_LIFE_SECONDS, rehearsed
from otp_worker.issue.recipients import Recipients
from otp_worker.issue.request import Hold, SendRequest
from otp_worker.store.idempotency_keys import IdempotencyKey
from otp_worker.store.issue import Recipient, SendPreconditions
from otp_worker.store.new_delivery import NewDelivery
from otp_worker.store.new_verification import NewVerification

SEED_BYTES = 20


_AS_ASKED = (
    *("user", "channel", "template", "android_hash", "request_id"),
    *("purpose", "client_reference", "tags"),
)
"""What a verification has just as its request names it."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A template of the app's own, in its newest version."""

    version: int
    template: Template


@dataclass(frozen=True, slots=True)
class Drafts:
    """Makes the rows of a send; writes nothing.

    ``hold`` says whether deliveries by a route must wait just now. ``templates`` finds what a version of an
    app's template says. ``workers_know`` tells whether every worker knows how a code is derived that is
    marked so. ``trace_context`` is that of the request.
    """

    keyring: Keyring
    policy: Policy
    limits: Limits
    recipients: Recipients
    hold: Callable[[str], Hold | None]
    templates: Callable[[str, str, int], Template | None]
    workers_know: Callable[[Derivation], bool] = lambda _: True
    trace_context: Callable[[], str | None] = lambda: None

    def verification(self, request: SendRequest, app: App, now: datetime) -> NewVerification:
        """What the app asks for. Raises InvalidFieldError and CountryNotAllowedError."""
        recipient = self.recipients.of(request)
        self._refuse_unasked(request, app)
        chosen = self._template(request, app)
        ttl_seconds = self._ttl_seconds(request, app, recipient.identity)
        given_length = len(request.code) if request.code else request.code_length
        code_length = given_length or app.settings.code_length or self.policy.code_length
        locale = self._locale(request, app, recipient.country, chosen)
        self._refuse_fields(request, app, locale, chosen)
        return NewVerification(
            id=f"ver_{ULID.from_datetime(now)}",
            app=app.name,
            test=app.test,
            number=recipient.e164 if isinstance(recipient, PhoneNumber) else None,
            email=recipient.address if isinstance(recipient, EmailAddress) else None,
            number_hashes=self.keyring.number_hashes(recipient.identity),
            number_masked=recipient.masked,
            block_hash=self.limits.block_hash(recipient.identity),
            country=recipient.country,
            language=first_language(locale),
            locale=locale,
            ip_hash=self.limits.ip_hash(request.ip) if request.ip else None,
            trace_context=self.trace_context(),
            key_id=self.keyring.newest,
            code_length=code_length,
            derivation=self._derivation(code_length),
            seed=secrets.token_bytes(SEED_BYTES),
            max_checks=self.policy.max_checks,
            ttl_seconds=ttl_seconds,
            created_at=now,
            expires_at=self._expires_at(ttl_seconds, now),
            last_expiry_at=now + timedelta(seconds=MAX_LIFE_SECONDS),
            resend_at=self.next_resend_at(now),
            buckets=self.limits.buckets(app.name, request.limits) if request.limits else (),
            template_version=chosen.version if chosen else None,
            template_fields=request.fields,
            **{name: getattr(request, name) for name in _AS_ASKED},
        )

    def _ttl_seconds(self, request: SendRequest, app: App, number: str) -> int:
        if app.test and rehearsed(number).endswith(EXPIRED):
            return EXPIRED_LIFE_SECONDS
        return request.ttl_seconds or app.settings.ttl_seconds or self.policy.ttl_seconds

    def _derivation(self, code_length: int) -> int | None:
        derivation = derivation_of(code_length)
        return derivation if derivation is not None and self.workers_know(derivation) else None

    def _template(self, request: SendRequest, app: App) -> Chosen | None:
        """The app's own template of that name; None where it has none. Raises InvalidFieldError."""
        name = request.template or DEFAULT_TEMPLATE
        version = app.templates.get(name)
        found = self.templates(app.plain_name, name, version) if version is not None else None
        if version is not None and found is not None:
            return Chosen(version, found)
        if request.template is not None and request.template not in self.policy.templates:
            raise InvalidFieldError("template", "there is no template of that name for this app")
        return None

    def _locale(self, request: SendRequest, app: App, country: str, chosen: Chosen | None) -> str:
        """The language to write in. Raises InvalidFieldError.

        A template of the operator's is written in one language: only who asks for another gets its words for
        the life.
        """
        written = self.policy.templates.get(request.template or DEFAULT_TEMPLATE)
        languages, own = self.policy.languages, app.settings.default_locale
        try:
            if chosen:
                return chosen.template.choose(languages, request.locale, country, own)
            return languages.choose(request.locale, country if written is None else None, own)
        except ValueError as error:
            raise InvalidFieldError("locale", str(error)) from None

    def _refuse_fields(self, request: SendRequest, app: App, locale: str, chosen: Chosen | None) -> None:
        """Raise InvalidFieldError unless the values are those that the template declares, and clean."""
        given = request.fields or {}
        if chosen:
            content = app.settings.content(app.plain_name, LONGEST_CODE, MAX_LIFE_SECONDS)
            judge_fields(chosen.template, locale, given, self.policy.languages, content)
        elif given:
            raise InvalidFieldError("fields", "this template has no fields of its own")

    def delivery(
        self, verification_id: str, number: int, route: str, now: datetime, latest: datetime | None = None
    ) -> NewDelivery:
        """A verification's delivery of that number, due by the policy's deadline and by ``latest``."""
        hold = self.hold(route)
        deadline_at = now + timedelta(seconds=self.policy.send_deadline_seconds)
        return NewDelivery(
            verification_id=verification_id,
            number=number,
            route=route,
            status=hold.status if hold else DeliveryStatus.QUEUED,
            reason=hold.reason if hold else None,
            created_at=now,
            deadline_at=min(deadline_at, latest or deadline_at),
            published_at=None if hold else now,
        )

    def next_resend_at(self, now: datetime) -> datetime:
        """When the person may be sent the code once more after a send at ``now``."""
        return now + timedelta(seconds=self.policy.resend_after_seconds)

    def message_delivery(
        self, new: NewVerification, route: str, priority: Priority, now: datetime, deadline_at: datetime
    ) -> NewDelivery:
        """A message's one delivery. A notice waits for the sweep, which lets codes go first.

        It waits for the end of the quiet hours too, and expires where its deadline comes before that.
        """
        is_notice = priority is Priority.NOTICE
        quiet_until = None
        if is_notice and not new.test:
            quiet_until = self.policy.notice_waits_until(new.identity, now)
        hold = Hold(DeliveryStatus.WAITING, QUIET) if quiet_until else self.hold(route)
        return NewDelivery(
            verification_id=new.id,
            number=1,
            route=route,
            status=hold.status if hold else DeliveryStatus.QUEUED,
            reason=hold.reason if hold else None,
            created_at=now,
            deadline_at=deadline_at,
            published_at=None if hold or is_notice else now,
            priority=Priority.NOTICE if is_notice else None,
            due_at=quiet_until,
        )

    def callers_limits(self, ip: str | None, app: App) -> list[LimitKey]:
        """Those limits of a send that are on who asks, and from where."""
        ip_hash = self.limits.ip_hash(ip) if ip and not app.test else None
        return self.limits.on_repeat(app.name, ip_hash, app.rates)

    def guard(self, to: Recipient, app: App, once: IdempotencyKey | None) -> SendPreconditions:
        """What a send to this person must pass; a test key's asks for nobody's wishes."""
        return SendPreconditions(
            scopes=[
                *self.limits.on_send(to.identity, to.country, app.name, to.ip_hash, app.rates, test=app.test),
                *self.limits.on_buckets(to.buckets, app.settings.bucket_rates),
            ],
            turn=f"{Limit.NUMBER}:{self.keyring.number_hash(to.identity).hex()}",
            test=app.test,
            once=once,
            number_hashes=[] if app.test else self.keyring.number_hashes(to.identity),
            key_hash=app.key_hash,
        )

    def _refuse_unasked(self, request: SendRequest, app: App) -> None:
        """Raise InvalidFieldError for what the app may not ask for."""
        _refuse_unless_allowed("channel", request.channel, app.settings.channels)
        _refuse_unless_allowed("purpose", request.purpose, app.settings.purposes)
        self.refuse_unknown_buckets(request.limits, app)
        if request.android_hash not in (None, *(app.settings.android_hashes or ())):
            raise InvalidFieldError("android_hash", "this is none of the app's; its settings name them")

    @staticmethod
    def refuse_unknown_buckets(limits: Mapping[str, str] | None, app: App) -> None:
        """Raise InvalidFieldError for a bucket that the app does not have."""
        for bucket in limits or ():
            if bucket not in app.settings.bucket_rates:
                known = ", ".join(app.settings.bucket_rates) or "none"
                raise InvalidFieldError("limits", f"this app has no such bucket; it has {known}")

    def _expires_at(self, ttl_seconds: int, now: datetime) -> datetime:
        # The person has the whole of it even if the SMS leaves at its deadline.
        longest = min(self.policy.send_deadline_seconds + ttl_seconds, MAX_LIFE_SECONDS)
        return now + timedelta(seconds=longest)


def _refuse_unless_allowed(field: str, value: str | None, allowed: tuple[str, ...] | None) -> None:
    """Raise InvalidFieldError for what the app's settings leave out."""
    if value is not None and allowed is not None and value not in allowed:
        raise InvalidFieldError(field, f"this app may ask for {', '.join(allowed)} alone")
