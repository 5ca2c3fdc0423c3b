"""Step 1 for a hook: a message that another system asks for, once for each meaning."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from otp_worker.domain.app import App, KeyScope
from otp_worker.domain.errors import NotFoundError, RequestInFlightError
from otp_worker.domain.hook import Hook
from otp_worker.domain.phone_number import parse_number
from otp_worker.issue.messages import MessageRequest, Messenger
from otp_worker.store import idempotency_keys
from otp_worker.store.apps import settings_of
from otp_worker.store.idempotency_keys import IdempotencyKey

_MOST_COST = 14


@dataclass(frozen=True, slots=True)
class HookMessenger:
    """Accepts what is posted to the hooks, by the way that every message takes."""

    messenger: Messenger
    hooks: Mapping[str, Hook]

    def find(self, name: str) -> Hook:
        """The hook of that name; raises NotFoundError."""
        hook = self.hooks.get(name)
        if hook is None:
            raise NotFoundError("there is no such hook; the operator's OTP_HOOKS_FILE names them")
        return hook

    def app(self, hook: Hook) -> App:
        """The app that a hook's messages belong to, with what is set for it."""
        settings = settings_of(self.messenger.db, hook.app)
        return App(hook.owner, hook.test, frozenset({KeyScope.MESSAGE}), settings.rates, settings=settings)

    def send(self, hook: Hook, app: App, request: MessageRequest, now: datetime) -> str:
        """The id of the message that has been accepted, now or a little while ago.

        A system that did not wait for our answer asks again, under another id of its own: what is the same is
        the text and the number. Raises as a message does.
        """
        number = parse_number(request.to, self.messenger.drafts.policy.countries).e164
        once = self._once(hook, number, request.text, now)
        before = idempotency_keys.find(self.messenger.db, once)
        if before is not None:
            return before.verification_id
        try:
            return self.messenger.issue(replace(request, to=number), app, now, once).verification.id
        except RequestInFlightError:
            # Another process wrote the same one meanwhile: that is committed, so this one is accepted too.
            twin = idempotency_keys.find(self.messenger.db, once)
            if twin is None:
                raise
            return twin.verification_id

    def _once(self, hook: Hook, number: str, text: str, now: datetime) -> IdempotencyKey:
        # A code is short enough to be guessed: what stands for it is as slow to try as a hash of bcrypt.
        slow = hashlib.scrypt(
            text.encode(),
            salt=number.encode(),
            n=2 ** min(self.messenger.drafts.policy.bcrypt_rounds + 4, _MOST_COST),
            r=8,
            p=1,
        )
        hashes = self.messenger.drafts.keyring.hashes("hooked message", f"{hook.name} {number} {slow.hex()}")
        since = now - timedelta(seconds=hook.repeat_seconds)
        return IdempotencyKey(hook.owner, hashes, hashes, since)
