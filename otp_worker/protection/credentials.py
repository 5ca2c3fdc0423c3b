"""What an app shows to be known: a key, or a pair of an account and a token as Twilio's clients send it.

A key is ``otp_live_`` or ``otp_test_``, 32 random characters, and a checksum against typing errors. A pair's
token has no more than letters and digits, because some clients take nothing else. Neither is stored.
"""

import base64
import binascii
import hashlib
import re
import secrets
import string
import zlib
from dataclasses import dataclass, field

from otp_worker.domain.app import TEST_PREFIX
from otp_worker.domain.errors import UnauthenticatedError
from otp_worker.domain.twilio_sids import ACCOUNT, API_KEY, account_sid

_ALPHABET = string.ascii_letters + string.digits
_RANDOM_LENGTH = 32
_KEY = re.compile(r"otp_(live|test)_[A-Za-z0-9]{38}")
_PAIR = re.compile(rf"(?:{ACCOUNT}|{API_KEY})([0-9a-f]{{32}}):([A-Za-z0-9]{{38}})")


@dataclass(frozen=True, slots=True)
class Credential:
    """A new key or pair: its text, the hash by which it is found, and what may be shown of it later."""

    text: str = field(repr=False)
    hash: bytes
    hint: str


def new_key(*, test: bool) -> Credential:
    """A key of an app, or for its rehearsals."""
    key = _with_checksum(f"otp_{'test' if test else 'live'}_{_random()}")
    return Credential(key, _hash(key), f"{key[:13]}…{key[-4:]}")


def new_pair(app: str, *, test: bool) -> Credential:
    """An app's account and a new token for it, with a colon between them."""
    account = account_sid(f"{TEST_PREFIX}{app}" if test else app)
    token = _with_checksum(_random())
    return Credential(f"{account}:{token}", _hash(f"{account}:{token}"), f"{account[:13]}…{token[-4:]}")


def is_pairs(hint: str) -> bool:
    """Whether what is shown of a credential is a pair's."""
    return hint.startswith(ACCOUNT)


def hash_of_bearer(header: str | None) -> bytes:
    """What stands for the key in an Authorization header; raises UnauthenticatedError if there is none."""
    scheme, _, key = (header or "").partition(" ")
    if scheme.lower() != "bearer" or not key:
        raise UnauthenticatedError("send the header Authorization: Bearer otp_live_...")
    if not _KEY.fullmatch(key) or not _is_whole(key):
        raise UnauthenticatedError("this is not an API key of otp-worker; was it copied whole?")
    return _hash(key)


def hash_of_pair(header: str | None) -> bytes:
    """What stands for the pair in an Authorization header; raises UnauthenticatedError if there is none.

    An account goes by the name of an API key too, of the same digits.
    """
    scheme, _, encoded = (header or "").partition(" ")
    if scheme.lower() != "basic" or not encoded:
        raise UnauthenticatedError("send an AccountSid and an auth token by HTTP Basic")
    try:
        pair = _PAIR.fullmatch(base64.b64decode(encoded, validate=True).decode("ascii"))
    except (binascii.Error, ValueError):
        pair = None
    if pair is None or not _is_whole(pair[2]):
        raise UnauthenticatedError(
            "these are no AccountSid and auth token of otp-worker; otp-worker keys create --twilio makes some"
        )
    return _hash(f"{ACCOUNT}{pair[1]}:{pair[2]}")


def _random() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM_LENGTH))


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _with_checksum(body: str) -> str:
    return body + _checksum(body)


def _is_whole(text: str) -> bool:
    return _checksum(text[:-6]) == text[-6:]


def _checksum(body: str) -> str:
    value, digits = zlib.crc32(body.encode()), ""
    for _ in range(6):
        value, digit = divmod(value, len(_ALPHABET))
        digits += _ALPHABET[digit]
    return digits
