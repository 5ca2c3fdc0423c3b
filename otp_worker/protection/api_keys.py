"""API keys and pairs: made, found by their hash, replaced, revoked."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from ulid import ULID

from otp_worker.domain.app import APP_SCOPES, TEST_PREFIX, App, KeyScope, check_app_name
from otp_worker.domain.errors import InvalidFieldError
from otp_worker.domain.limits import LONGEST_DAYS, Limit, LimitRates, parse_rates, refuse_forgotten_window
from otp_worker.domain.ports import Clock, utc_now
from otp_worker.protection.credentials import hash_of_bearer, is_pairs, new_key, new_pair
from otp_worker.store import api_keys
from otp_worker.store.api_keys import StoredKey
from otp_worker.store.database import Database

REMEMBERED_SECONDS = 1.0

Scheme = Callable[[str | None], bytes]
"""Finds what stands for a credential in an Authorization header; raises UnauthenticatedError."""


class ApiKeys:
    """The keys of this service; only their SHA-256 is stored.

    Sends are kept for ``retention_days``: no new key's limit may count older ones.
    """

    def __init__(self, db: Database, clock: Clock = utc_now, retention_days: int = LONGEST_DAYS) -> None:
        self._db = db
        self._clock = clock
        self._retention_days = retention_days
        self._remembered: dict[bytes, tuple[float, App]] = {}

    def create(
        self,
        name: str,
        now: datetime,
        *,
        test: bool = False,
        scopes: frozenset[KeyScope] = APP_SCOPES,
        limit: str | None = None,
        checks_limit: str | None = None,
        pair: bool = False,
    ) -> str:
        """A new key, shown this once. Keys of one name belong to one app. Raises InvalidFieldError.

        A ``pair`` is an account and a token in its place, for Twilio's clients.

        Its limits on sends and on checks are rates in place of the operator's; an empty text is no limit.
        """
        check_app_name(name)
        if test and KeyScope.ADMIN in scopes:
            raise InvalidFieldError("scope", "a test key cannot act for the operator; leave out admin")
        rates = _rates("--limit", limit, self._retention_days)
        # Checks are counted where no row is purged.
        checks_rates = _rates("--checks-limit", checks_limit, LONGEST_DAYS)
        return self._insert(
            name, now, test=test, scopes=scopes, limit=rates, checks_limit=checks_rates, pair=pair
        )

    def _insert(
        self,
        name: str,
        now: datetime,
        *,
        test: bool,
        scopes: frozenset[KeyScope],
        limit: str | None,
        checks_limit: str | None,
        pair: bool,
    ) -> str:
        new = new_pair(name, test=test) if pair else new_key(test=test)
        stored = StoredKey(
            id=f"key_{ULID.from_datetime(now)}",
            name=name,
            test=test,
            hint=new.hint,
            scopes=scopes,
            limit=limit,
            checks_limit=checks_limit,
            created_at=now,
            revoked_at=None,
        )
        api_keys.insert_key(self._db, stored, new.hash)
        return new.text

    def authenticate(self, header: str | None, scheme: Scheme = hash_of_bearer) -> App:
        """The app that an Authorization header belongs to; raises UnauthenticatedError."""
        return self._look_up(scheme(header))

    def recognize(self, header: str | None, scheme: Scheme = hash_of_bearer) -> App:
        """As ``authenticate``, by a look-up that may be a second old; then the app's ``key_hash`` is set.

        It is for calls that look the key up again with what they do: a key that is revoked does nothing.
        """
        key_hash = scheme(header)
        until, app = self._remembered.get(key_hash, (0.0, None))
        if app is not None and time.monotonic() < until:
            return app
        app = self._look_up(key_hash)
        # Valid ones alone: strangers cannot fill this with what they make up.
        self._remembered[key_hash] = time.monotonic() + REMEMBERED_SECONDS, replace(app, key_hash=key_hash)
        return app

    def hash_of(self, header: str | None) -> bytes:
        """What stands for the key in an Authorization header. Raises UnauthenticatedError."""
        return hash_of_bearer(header)

    def of_hash(self, key_hash: bytes) -> App:
        """The app of a key that is named by what stands for it, to act for it later than its request.

        Raises UnauthenticatedError once the key is revoked.
        """
        return replace(self._look_up(key_hash), key_hash=key_hash)

    def _look_up(self, key_hash: bytes) -> App:
        found = api_keys.find_key(self._db, key_hash, self._clock())
        if found is None:
            raise api_keys.unknown_key()
        stored, settings, templates = found
        # A test key's verifications are apart from those of the live keys of the same name.
        name = f"{TEST_PREFIX}{stored.name}" if stored.test else stored.name
        return App(
            name,
            stored.test,
            stored.scopes,
            {**settings.rates, **_own_rates(stored)},
            settings=settings,
            templates=templates,
        )

    def forgotten(self, now: datetime) -> list[StoredKey]:
        """The valid keys whose limit counts sends that are not kept for so long."""
        return [
            key for key in api_keys.list_keys(self._db) if key.is_valid(now) and self._is_forgotten(key.limit)
        ]

    def _is_forgotten(self, limit: str | None) -> bool:
        try:
            _rates("--limit", limit, self._retention_days)
        except InvalidFieldError:
            return True
        return False

    def list(self) -> list[StoredKey]:
        """Every key, newest first."""
        return api_keys.list_keys(self._db)

    def revoke(self, key_id: str, now: datetime) -> bool:
        """Make a key invalid at once; False if there is no such valid key."""
        return api_keys.revoke_key(self._db, key_id, now, now)

    def rotate(self, key_id: str, now: datetime, overlap: timedelta) -> str | None:
        """A new key in place of a valid one, which stays valid for ``overlap``; None if there is none."""
        old = api_keys.valid_key(self._db, key_id, now)
        if old is None:
            return None
        # Its limits stay, whatever the retention has become since: a key that leaked must be replaceable.
        new = self._insert(
            old.name,
            now,
            test=old.test,
            scopes=old.scopes,
            limit=old.limit,
            checks_limit=old.checks_limit,
            pair=is_pairs(old.hint),
        )
        api_keys.revoke_key(self._db, key_id, now, now + overlap)
        return new


def _rates(option: str, text: str | None, retention_days: int) -> str | None:
    try:
        refuse_forgotten_window(parse_rates(text or ""), retention_days)
    except ValueError as error:
        raise InvalidFieldError(option, str(error)) from None
    return None if text is None else "".join(text.split())


def _own_rates(stored: StoredKey) -> LimitRates:
    given = {Limit.KEY: stored.limit, Limit.CHECKS_KEY: stored.checks_limit}
    return {limit: parse_rates(text) for limit, text in given.items() if text is not None}
