"""The app that calls: whose verifications they are, and what its API key may be used for."""

from dataclasses import dataclass, field
from enum import StrEnum

from otp_worker.domain.limits import LimitRates


class KeyScope(StrEnum):
    """What an API key may be used for."""

    SEND = "send"
    """Ask for a code, ask for it again, call it back."""
    CHECK = "check"
    READ = "read"
    ADMIN = "admin"
    """Do what an operator does: unlock and erase numbers, lift pauses. No app needs it."""


APP_SCOPES = frozenset({KeyScope.SEND, KeyScope.CHECK, KeyScope.READ})
"""What a key is for unless it is said."""


@dataclass(frozen=True, slots=True)
class App:
    """Who asks, and what for: the owner of verifications. A test app's never reach a gateway.

    ``rates`` are those of the key that is used, in place of the operator's. ``key_hash`` names a key that was
    found valid a little while ago, and is to be looked up once more by what acts for the app.
    """

    name: str
    test: bool = False
    scopes: frozenset[KeyScope] = APP_SCOPES
    rates: LimitRates = field(default_factory=dict)
    key_hash: bytes | None = field(default=None, compare=False)
