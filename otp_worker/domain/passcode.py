"""Making and judging passcodes: the digits are derived, the database keeps a hash."""

import base64
import hashlib
import hmac

import bcrypt

MIN_LENGTH = 4
MAX_LENGTH = 10


def truncate(mac: bytes, digits: int) -> str:
    """Dynamic truncation of an HMAC to decimal digits, leading zeros kept (RFC 4226, section 5.3)."""
    offset = mac[-1] & 0x0F
    number = int.from_bytes(mac[offset : offset + 4], "big") & 0x7FFFFFFF
    return str(number % 10**digits).zfill(digits)


def derive_code(code_key: bytes, seed: bytes, verification_id: str, digits: int) -> str:
    """The passcode of a verification: the same for every attempt, and gone with its seed."""
    mac = hmac.digest(code_key, seed + verification_id.encode(), hashlib.sha256)
    return truncate(mac, digits)


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
