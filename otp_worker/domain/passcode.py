"""Making and judging passcodes: the digits are derived, the database keeps a hash."""

import base64
import hashlib
import hmac
from enum import IntEnum

import bcrypt

from otp_worker.domain.errors import OtpError

MIN_LENGTH = 4
MAX_LENGTH = 10
LONGEST_OF_RFC_4226 = 8


class Derivation(IntEnum):
    """A way to make digits out of a seed, as a verification remembers it."""

    WIDE = 2
    """By a truncation to 63 bits."""
    GIVEN = 3
    """Not at all: its app gave the code, which is sealed to the workers."""
    LINKED = 4
    """From the amount and the payee of a payment too, by a truncation to 63 bits."""
    MESSAGE = 5
    """Not at all: it is a message, which has no code. No older worker knows this, and makes one."""


class UnknownDerivationError(OtpError):
    """A newer version has made the code of a verification, in a way that this one does not know."""


def parse_derivation(mark: int | None) -> Derivation | None:
    """The derivation that a verification remembers. Raises UnknownDerivationError."""
    try:
        return None if mark is None else Derivation(mark)
    except ValueError:
        raise UnknownDerivationError(f"this version does not know the derivation {mark}") from None


def truncate(mac: bytes, digits: int) -> str:
    """Dynamic truncation of an HMAC to decimal digits, leading zeros kept (RFC 4226, section 5.3)."""
    offset = mac[-1] & 0x0F
    number = int.from_bytes(mac[offset : offset + 4], "big") & 0x7FFFFFFF
    return str(number % 10**digits).zfill(digits)


def truncate_wide(mac: bytes, digits: int) -> str:
    """The same truncation to 63 bits instead of 31: ten digits of it are uniform to one in 900 million.

    RFC 4226 is for six to eight digits. Of 31 bits the first of ten digits is 0, 1 or 2.
    """
    offset = mac[-1] & 0x0F
    number = int.from_bytes(mac[offset : offset + 8], "big") & 0x7FFFFFFFFFFFFFFF
    return str(number % 10**digits).zfill(digits)


def derivation_of(digits: int) -> Derivation | None:
    """How a new code of this length is derived; None where that is as it always was."""
    return Derivation.WIDE if digits > LONGEST_OF_RFC_4226 else None


def derive_code(
    code_key: bytes,
    seed: bytes,
    verification_id: str,
    digits: int,
    derivation: Derivation | None = None,
    link: str = "",
) -> str:
    """The passcode of a verification: the same for every attempt, and gone with its seed.

    ``derivation`` is what the verification remembers; None for what no version has marked. ``link`` is what
    else the code is specific to.
    """
    mac = hmac.digest(code_key, seed + linked(verification_id, link).encode(), hashlib.sha256)
    return truncate(mac, digits) if derivation is None else truncate_wide(mac, digits)


def linked(text: str, link: str) -> str:
    """The text made specific to a link, if there is one; neither holds the NUL between them."""
    return f"{text}\0{link}" if link else text


def hash_code(pepper: bytes, verification_id: str, code: str, rounds: int) -> bytes:
    """The bcrypt hash that a code is judged against; ``rounds`` is bcrypt's cost (4 to 31)."""
    return bcrypt.hashpw(_peppered(pepper, verification_id, code), bcrypt.gensalt(rounds))


def code_matches(pepper: bytes, verification_id: str, code: str, code_hash: bytes) -> bool:
    """Whether ``code`` is the one that was hashed for this verification."""
    return bcrypt.checkpw(_peppered(pepper, verification_id, code), code_hash)


def _peppered(pepper: bytes, verification_id: str, code: str) -> bytes:
    # bcrypt refuses more than 72 bytes; base64 of SHA-384 is 64 and holds no NUL (OWASP Password Storage).
    mac = hmac.digest(pepper, f"{verification_id}:{code}".encode(), hashlib.sha384)
    return base64.b64encode(mac)
