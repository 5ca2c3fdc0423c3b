"""A link to the hosted entry page: what it holds, its signature, and the signed result that goes back."""

import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from otp_worker.domain.errors import InvalidFieldError, RequestError
from otp_worker.domain.keyring import Keyring
from otp_worker.domain.sealing import BrokenSealError

RESULT_SECONDS = 300
"""How long a result is good for."""
LONGEST_RETURN_URL = 512

_TOKEN = re.compile(r"(lnk_[0-9A-Z]{26})\.([0-9a-f]{40})")
_NONCE_BYTES = 12
_RETURN_URL = re.compile(r"[!-~]+")


class Outcome(StrEnum):
    """What the person did; a link has one at most."""

    APPROVED = "approved"
    NOT_MY_NUMBER = "not_my_number"


class ResultRedeemedError(RequestError):
    """The result of this link was redeemed before."""

    http_status = 410
    problem = "result_redeemed"


@dataclass(frozen=True, slots=True)
class EntryRequest:
    """What an app asks for by a link: the send that its person may ask for, and where they go back to.

    ``send`` are the fields of a SendRequest.
    """

    send: Mapping[str, Any]
    masked: str
    country: str
    return_url: str

    def to_json(self) -> str:
        """As it is sealed."""
        return json.dumps(asdict(self))

    @classmethod
    def of_json(cls, text: str) -> "EntryRequest":
        """As it was sealed."""
        return cls(**json.loads(text))


@dataclass(frozen=True, slots=True)
class EntryLink:
    """A link's row. It acts for its app by the key that made it, and belongs to the first browser that acts.

    ``sealed`` is its EntryRequest. ``acts`` are the forms that were posted.
    """

    id: str
    app: str
    key_hash: bytes
    number_hash: bytes
    sealed: bytes
    created_at: datetime
    expires_at: datetime
    session_hash: bytes | None = None
    verification_id: str | None = None
    acts: int = 0
    outcome: Outcome | None = None
    outcome_at: datetime | None = None
    redeemed_at: datetime | None = None

    def has_result(self, now: datetime) -> bool:
        """Whether its result can still be redeemed."""
        if self.outcome_at is None or self.redeemed_at is not None:
            return False
        return now < self.outcome_at + timedelta(seconds=RESULT_SECONDS)


def refuse_elsewhere(return_url: str, web_origin: str | None) -> None:
    """Raise InvalidFieldError unless a URL is of the app's own origin: nobody is sent anywhere else."""
    if web_origin is None:
        raise InvalidFieldError("return_url", "this app has no web_origin; the operator sets it")
    if not leads_to(return_url, web_origin):
        raise InvalidFieldError(
            "return_url",
            f"give a URL of {web_origin}, of {LONGEST_RETURN_URL} characters at most, without a fragment",
        )


def leads_to(return_url: str, web_origin: str | None) -> bool:
    """Whether a browser that follows a URL comes to this origin."""
    # The slash ends the host, whatever follows: no "@", port or further label can move it.
    return (
        web_origin is not None
        and len(return_url) <= LONGEST_RETURN_URL
        and _RETURN_URL.fullmatch(return_url) is not None
        and return_url.startswith(f"{web_origin}/")
        and "#" not in return_url
    )


def with_result(return_url: str, result: str) -> str:
    """Where the person goes back to."""
    return f"{return_url}{'&' if '?' in return_url else '?'}result={result}"


class EntryKeys:
    """The keys of each link, derived from its id under every listed root secret: nothing of them is kept."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def token(self, link_id: str) -> str:
        """The link's id with its signature."""
        return f"{link_id}.{self._signatures(link_id)[0]}"

    def link_id(self, token: str) -> str | None:
        """The id in a token that we signed; None for any other."""
        found = _TOKEN.fullmatch(token)
        if found is None:
            return None
        return found[1] if _is_among(found[2], self._signatures(found[1])) else None

    def seal(self, text: str, link_id: str, nonce: bytes) -> bytes:
        """The text, to be kept in the link's row alone; a ``nonce`` has 12 random bytes."""
        sealing = AESGCM(self._sealing_keys(link_id)[0])
        return nonce + sealing.encrypt(nonce, text.encode(), link_id.encode())

    def open(self, sealed: bytes, link_id: str) -> str:
        """What was sealed for this link. Raises BrokenSealError."""
        return self._opened(sealed, link_id)[1]

    def result_secret(self, link_id: str) -> str:
        """What a new link's result will be signed with; its app may be told it."""
        return self._result_secrets(link_id)[0]

    def sign(self, link: EntryLink, issuer: str, audience: str) -> str:
        """The result of a link that has an outcome, as a JWT (RFC 7519, HS256)."""
        import jwt

        # The root secret that was the newest when the link was made: its app was told what comes of that.
        root, _ = self._opened(link.sealed, link.id)
        secret = self._result_secrets(link.id)[root]
        return jwt.encode(_claims(link, issuer, audience), secret, algorithm="HS256")

    def is_result_of(self, result: str, link: EntryLink, issuer: str, audience: str) -> bool:
        """Whether we signed this result for this link; its age is another question."""
        import jwt

        # Compared whole: every claim is the one that we would write.
        wanted = _claims(link, issuer, audience)
        for secret in self._result_secrets(link.id):
            try:
                signed = jwt.PyJWS().decode(result, secret, algorithms=["HS256"])
            except jwt.InvalidTokenError:
                continue
            return bool(json.loads(signed) == wanted)
        return False

    def _opened(self, sealed: bytes, link_id: str) -> tuple[int, str]:
        nonce, ciphertext = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        for root, key in enumerate(self._sealing_keys(link_id)):
            try:
                return root, AESGCM(key).decrypt(nonce, ciphertext, link_id.encode()).decode()
            except (InvalidTag, ValueError):
                continue
        raise BrokenSealError(f"what {link_id} holds does not open under any root secret")

    def _signatures(self, link_id: str) -> list[str]:
        return [each.hex()[:40] for each in self._keyring.hashes("entry token", link_id)]

    def _sealing_keys(self, link_id: str) -> list[bytes]:
        return self._keyring.hashes("entry seal", link_id)

    def _result_secrets(self, link_id: str) -> list[str]:
        return [each.hex() for each in self._keyring.hashes("entry result", link_id)]


def _claims(link: EntryLink, issuer: str, audience: str) -> dict[str, Any]:
    """What a link's result says. Raises LookupError where it has none."""
    if link.outcome is None or link.outcome_at is None:
        raise LookupError(f"{link.id} has no outcome")
    decided_at = int(link.outcome_at.timestamp())
    return {
        "iss": issuer,
        "aud": audience,
        "jti": link.id,
        "outcome": link.outcome.value,
        "iat": decided_at,
        "exp": decided_at + RESULT_SECONDS,
        **({"sub": link.verification_id} if link.verification_id else {}),
    }


def _is_among(given: str, known: list[str]) -> bool:
    """Whether a text is one of these; constant time."""
    return sum(hmac.compare_digest(given.encode(), each.encode()) for each in known) > 0
