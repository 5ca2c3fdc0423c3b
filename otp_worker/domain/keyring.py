"""Every key of the service, derived from the operator's root secrets."""

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from otp_worker.domain.errors import OtpError


class UnknownKeyError(OtpError):
    """A row was made under a root secret that is no longer listed."""

    def __init__(self, key_id: str) -> None:
        super().__init__(f"no root secret with the key id {key_id} is listed any more")


def _derive(secret: str, purpose: str) -> bytes:
    # HKDF, RFC 5869: one root, one independent key for each purpose.
    kdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"otp-worker/{purpose}".encode())
    return kdf.derive(secret.encode())


@dataclass(frozen=True, slots=True)
class _Root:
    id: str
    pepper: bytes
    numbers: bytes
    callbacks: bytes
    endpoints: bytes

    @classmethod
    def of(cls, secret: str) -> "_Root":
        return cls(
            id=_derive(secret, "id").hex()[:8],
            pepper=_derive(secret, "pepper"),
            numbers=_derive(secret, "numbers"),
            callbacks=_derive(secret, "callbacks"),
            endpoints=_derive(secret, "endpoints"),
        )


class Keyring:
    """The derived keys of each listed root secret, newest first.

    ``code_secrets`` are the secrets that codes are derived from; a process that is not given any
    can judge a code and not make one.
    """

    def __init__(self, root_secrets: Sequence[str], code_secrets: Sequence[str] = ()) -> None:
        self._roots = {root.id: root for root in map(_Root.of, root_secrets)}
        self.newest = next(iter(self._roots))
        self._code_keys = {
            _derive(secret, "id").hex()[:8]: _derive(secret, "codes") for secret in code_secrets
        }

    @property
    def newest_code_key(self) -> str:
        """The id of the key that new codes are derived with."""
        return next(iter(self._code_keys))

    def code_key(self, key_id: str) -> bytes:
        """The key that codes are derived with; raises UnknownKeyError."""
        try:
            return self._code_keys[key_id]
        except KeyError:
            raise UnknownKeyError(key_id) from None

    def pepper(self, key_id: str) -> bytes:
        """The key that codes are hashed with; raises UnknownKeyError."""
        try:
            return self._roots[key_id].pepper
        except KeyError:
            raise UnknownKeyError(key_id) from None

    def endpoint_key(self, key_id: str) -> bytes:
        """The key that the secrets of endpoints are encrypted with; raises UnknownKeyError."""
        try:
            return self._roots[key_id].endpoints
        except KeyError:
            raise UnknownKeyError(key_id) from None

    def number_hash(self, number: str) -> bytes:
        """What stands for an E.164 number where the number itself must not: a keyed hash, 32 bytes."""
        return _mac(self._roots[self.newest].numbers, number)

    def number_hashes(self, number: str) -> list[bytes]:
        """A number's, or an address's, hash under every listed root, newest first: nobody is lost."""
        return [_mac(root.numbers, number) for root in self._roots.values()]

    def all_hashes(self, identities: Iterable[str]) -> list[bytes]:
        """The hashes of all that stands for one person."""
        return [found for each in identities for found in self.number_hashes(each)]

    def hashes(self, kind: str, text: str) -> list[bytes]:
        """What stands for a text that must not be kept, under every listed root, newest first."""
        return [_mac(root.numbers, f"{kind} {text}") for root in self._roots.values()]

    def callback_token(self, subject: str) -> str:
        """An unguessable token for a callback URL, made for ``subject``."""
        return _mac(self._roots[self.newest].callbacks, subject).hex()[:40]

    def callback_token_is_good(self, subject: str, token: str) -> bool:
        """Whether ``token`` was made for ``subject`` under any listed root; constant time."""
        made = [_mac(root.callbacks, subject).hex()[:40] for root in self._roots.values()]
        return sum(hmac.compare_digest(good.encode(), token.encode()) for good in made) > 0


def _mac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), hashlib.sha256)
