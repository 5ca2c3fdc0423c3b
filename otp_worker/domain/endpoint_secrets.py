"""The secrets that an endpoint's events are signed with, and how they are kept: encrypted, for its row alone.

Unlike a key's hash they must be read again to sign. So a dump of the database holds none that can be used.
"""

import base64
import secrets
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from otp_worker.domain.keyring import Keyring, UnknownKeyError

BYTES = 32
PREFIX = "whsec_"
"""What the text of a secret begins with (Standard Webhooks)."""
_NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class KeptSecrets:
    """The secrets as a row keeps them, and the id of the root secret whose key opens them."""

    key_id: str
    encrypted: bytes


@dataclass(frozen=True, slots=True)
class EndpointSecrets:
    """The secret that signs, and the one before, which signs too while it is being replaced."""

    current: bytes
    previous: bytes = b""

    @classmethod
    def new(cls) -> "EndpointSecrets":
        """A fresh secret."""
        return cls(secrets.token_bytes(BYTES))

    def rotated(self) -> "EndpointSecrets":
        """A fresh secret, with this one before it."""
        return EndpointSecrets(secrets.token_bytes(BYTES), self.current)

    @property
    def text(self) -> str:
        """The secret as its app is told it, once."""
        return PREFIX + base64.b64encode(self.current).decode()

    def keep(self, keyring: Keyring, endpoint_id: str) -> KeptSecrets:
        """Encrypt them for a row."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        cipher = AESGCM(keyring.endpoint_key(keyring.newest))
        text = self.current + self.previous
        return KeptSecrets(keyring.newest, nonce + cipher.encrypt(nonce, text, endpoint_id.encode()))

    @classmethod
    def open(cls, keyring: Keyring, kept: KeptSecrets, endpoint_id: str) -> "EndpointSecrets":
        """Read what a row keeps. Raises UnknownKeyError, also for what was changed since."""
        nonce, encrypted = kept.encrypted[:_NONCE_BYTES], kept.encrypted[_NONCE_BYTES:]
        try:
            cipher = AESGCM(keyring.endpoint_key(kept.key_id))
            text = cipher.decrypt(nonce, encrypted, endpoint_id.encode())
        except (InvalidTag, ValueError):
            raise UnknownKeyError(kept.key_id) from None
        return cls(text[:BYTES], text[BYTES:])
