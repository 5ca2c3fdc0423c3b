"""Sealing a text to the workers: whoever has the public key can seal, and only the workers can open.

After HPKE (RFC 9180), in its simplest form: a fresh X25519 key for each text, HKDF-SHA256 over the shared
secret and both public keys, and AES-256-GCM with the row's id as associated data. What is sealed for one row
does not open for another.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from otp_worker.domain.errors import OtpError, RequestError

_FORM = b"\x01"
_KEY_ID_BYTES = 4
_PUBLIC_BYTES = 32
_SHORTEST = len(_FORM) + _KEY_ID_BYTES + _PUBLIC_BYTES + 16
# A key is used for one text alone, so its nonce may be a constant.
_NONCE = bytes(12)


class SealingUnavailableError(RequestError):
    """This process knows no key to which it can seal; the sentence names the variable."""

    http_status = 503
    problem = "sealing_unavailable"
    headers: Mapping[str, str] = {"Retry-After": "60"}


class UnknownSealKeyError(OtpError):
    """A text was sealed to a key that this worker does not have."""

    def __init__(self, key_id: str) -> None:
        super().__init__(f"what it holds is sealed to the key {key_id}, which this worker does not have")


class BrokenSealError(OtpError):
    """What was sealed was changed since, cut, or moved to another row."""


@dataclass(frozen=True)
class SealKey:
    """The public key that texts are sealed with: 32 bytes, written as base64. It opens nothing."""

    raw: bytes

    @classmethod
    def parse(cls, text: str) -> "SealKey":
        """The key as ``otp-worker seal-key`` prints it. Raises ValueError."""
        try:
            key = cls(base64.b64decode(text, validate=True))
            # An exchange is the whole of the proof that a key can be used: some points give no secret.
            X25519PrivateKey.generate().exchange(key._point)
        except ValueError:
            raise ValueError("not a public key; give what otp-worker seal-key prints") from None
        return key

    def __str__(self) -> str:
        return base64.b64encode(self.raw).decode()

    @cached_property
    def id(self) -> str:
        """By what a sealed text names the key: 8 hexadecimal digits."""
        return hashlib.sha256(b"otp-worker/seal-key-id" + self.raw).hexdigest()[: 2 * _KEY_ID_BYTES]

    def seal(self, text: str, row_id: str) -> bytes:
        """The text, to be kept in the row ``row_id`` alone; 53 bytes longer than its UTF-8."""
        ephemeral = X25519PrivateKey.generate()
        sender = ephemeral.public_key().public_bytes_raw()
        key = _shared_key(ephemeral.exchange(self._point), sender, self.raw)
        head = _FORM + bytes.fromhex(self.id) + sender
        return head + AESGCM(key).encrypt(_NONCE, text.encode(), row_id.encode())

    @cached_property
    def _point(self) -> X25519PublicKey:
        return X25519PublicKey.from_public_bytes(self.raw)


class Unsealer:
    """The private keys of the workers: one for each secret that codes are made from, newest first."""

    def __init__(self, code_secrets: Sequence[str]) -> None:
        private = [_private_key(secret) for secret in code_secrets]
        self._keys = {SealKey(each.public_key().public_bytes_raw()): each for each in private}
        self._by_id = {public.id: public for public in self._keys}

    @property
    def public_keys(self) -> list[SealKey]:
        """What others seal with, newest first."""
        return list(self._keys)

    def open(self, sealed: bytes, row_id: str) -> str:
        """The text that was sealed for this row. Raises UnknownSealKeyError and BrokenSealError."""
        if len(sealed) < _SHORTEST or not sealed.startswith(_FORM):
            raise BrokenSealError(f"what {row_id} holds is not sealed in a form that this version knows")
        rest = sealed[len(_FORM) :]
        key_id, rest = rest[:_KEY_ID_BYTES].hex(), rest[_KEY_ID_BYTES:]
        sender, ciphertext = rest[:_PUBLIC_BYTES], rest[_PUBLIC_BYTES:]
        if key_id not in self._by_id:
            raise UnknownSealKeyError(key_id)
        public = self._by_id[key_id]
        try:
            secret = self._keys[public].exchange(X25519PublicKey.from_public_bytes(sender))
            key = _shared_key(secret, sender, public.raw)
            return AESGCM(key).decrypt(_NONCE, ciphertext, row_id.encode()).decode()
        except (InvalidTag, ValueError):
            raise BrokenSealError(f"what {row_id} holds was changed after it was sealed") from None


def _private_key(code_secret: str) -> X25519PrivateKey:
    kdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"otp-worker/seal")
    return X25519PrivateKey.from_private_bytes(kdf.derive(code_secret.encode()))


def _shared_key(secret: bytes, sender: bytes, recipient: bytes) -> bytes:
    # Both public keys are bound in, as RFC 9180's KEM does: no other pair leads to this key.
    info = b"otp-worker/sealed/1" + sender + recipient
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(secret)
