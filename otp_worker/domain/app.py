"""The app that calls: whose verifications they are, and what its API key may be used for."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from otp_worker.domain.app_settings import NOTHING_SET, AppSettings
from otp_worker.domain.errors import InvalidFieldError
from otp_worker.domain.limits import LimitRates

TEST_PREFIX = "test:"
"""Before an app's name where its test keys are used: their verifications are apart from the live ones."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,47}")


class KeyScope(StrEnum):
    """What an API key may be used for."""

    SEND = "send"
    """Ask for a code, ask for it again, call it back."""
    CHECK = "check"
    READ = "read"
    MESSAGE = "message"
    """Have texts of the app's own sent, look at them, call them back."""
    WEBHOOK = "webhook"
    """Say where the app is told of events, and look at what it was told."""
    ADMIN = "admin"
    """Do what an operator does: unlock and erase numbers, lift pauses. No app needs it."""


APP_SCOPES = frozenset({KeyScope.SEND, KeyScope.CHECK, KeyScope.READ})
"""What a key is for unless it is said."""


@dataclass(frozen=True, slots=True)
class App:
    """Who asks, and what for: the owner of verifications. A test app's never reach a gateway.

    ``rates`` are those of the key that is used, else the app's, in place of the operator's. ``settings`` are
    what else holds for this app alone, and ``templates`` the versions of its own ones by their names.
    ``key_hash`` names a key that was found valid a little while ago, and is to be looked up once more by what
    acts for the app.
    """

    name: str
    test: bool = False
    scopes: frozenset[KeyScope] = APP_SCOPES
    rates: LimitRates = field(default_factory=dict)
    key_hash: bytes | None = field(default=None, compare=False)
    settings: AppSettings = NOTHING_SET
    templates: Mapping[str, int] = field(default_factory=dict)

    @property
    def plain_name(self) -> str:
        """The name under which its settings and templates are, whether its key is for tests or not."""
        return self.name.removeprefix(TEST_PREFIX)


def check_app_name(name: str) -> None:
    """Raise InvalidFieldError unless an app can be called so."""
    if not _NAME.fullmatch(name):
        raise InvalidFieldError("name", "give 1 to 48 letters, digits, dots, dashes or underscores")
