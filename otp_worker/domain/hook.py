"""A hook: where another system, which made a code itself, posts what is to be sent by SMS."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from otp_worker.domain.app import TEST_PREFIX
from otp_worker.domain.errors import InvalidFieldError

CODE = "{code}"
"""Stands in the words of a hook where its code is put."""
USUAL_WORDS = f"Your code is {CODE}"
_LONGEST_CODE = 16

Path = tuple[str, ...]
"""The names that lead to a value in a body, from the outside in."""


class HookAuth(StrEnum):
    """How a system shows that it knows the secret of its hook."""

    STANDARD_WEBHOOKS = "standard_webhooks"
    """Signs as https://www.standardwebhooks.com says."""
    ZITADEL = "zitadel"
    """Signs in ``ZITADEL-Signature``, as Zitadel's package ``pkg/actions`` does."""
    BASIC = "basic"
    BEARER = "bearer"
    HEADER = "header"
    """The secret is the value of a header."""
    FIELD = "field"
    """The secret stands in the body."""

    @property
    def needs_body(self) -> bool:
        """Whether only the whole body tells who posts."""
        return self not in (HookAuth.BASIC, HookAuth.BEARER, HookAuth.HEADER)


class HookErrors(StrEnum):
    """The shape in which a system takes an error."""

    PROBLEM = "problem"
    """For who reads its log: the status, and a problem (RFC 9457)."""
    TEXT = "text"
    """The status, and a sentence that it shows to its user."""
    SUPABASE = "supabase"
    """A 200 whose body has the status and a sentence that it shows to its user."""


@dataclass(frozen=True, slots=True)
class Hook:
    """One hook: who posts to it, where its bodies hold what is sent, and how it is answered.

    Its messages belong to ``app``, whose limits they count for; those of a ``test`` hook never reach a
    gateway. ``number``, ``text``, ``code``, ``user``, ``ip`` and ``secret_field`` are places in the body; of
    ``text`` and ``code`` there is one, and ``words`` is what an SMS says with a code. Where ``adds_plus``,
    the system leaves away the plus of its numbers. The same text to the same number within
    ``repeat_seconds`` is the same message.
    """

    name: str
    app: str
    auth: HookAuth
    secrets: tuple[str, ...] = field(repr=False)
    number: Path
    text: Path | None = None
    code: Path | None = None
    words: str = USUAL_WORDS
    user: Path | None = None
    ip: Path | None = None
    header: str = "Authorization"
    secret_field: Path | None = None
    adds_plus: bool = False
    errors: HookErrors = HookErrors.PROBLEM
    expires_in_seconds: int | None = None
    repeat_seconds: int = 60
    test: bool = False

    @property
    def owner(self) -> str:
        """The name that its messages are under: a test hook's are apart, as those of test keys are."""
        return f"{TEST_PREFIX}{self.app}" if self.test else self.app


@dataclass(frozen=True, slots=True)
class HookedText:
    """What a body asks for: to whom, what the SMS says, and for whom it was asked."""

    to: str
    text: str = field(repr=False)
    user: str | None = None
    ip: str | None = None


def read_hooked(hook: Hook, body: Mapping[str, object]) -> HookedText:
    """What a body of this hook asks for. Raises InvalidFieldError for what is missing or is no text."""
    number = _required(body, hook.number, "to").strip()
    if hook.adds_plus and number.isdecimal():
        number = f"+{number}"
    if hook.text is not None:
        text = _required(body, hook.text, "text")
    else:
        text = hook.words.replace(CODE, _code(body, hook.code or ()))
    return HookedText(number, text, _optional(body, hook.user), _optional(body, hook.ip))


def value_at(body: Mapping[str, object], path: Path) -> object:
    """What stands at a place of a body; None where there is nothing."""
    found: object = body
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _required(body: Mapping[str, object], path: Path, field_name: str) -> str:
    value = value_at(body, path)
    if not isinstance(value, str) or not value.strip():
        raise InvalidFieldError(field_name, f"there is no text at {'.'.join(path)} of the body")
    return value


def _optional(body: Mapping[str, object], path: Path | None) -> str | None:
    """What may be left out: a system that leaves it empty has its text sent all the same."""
    value = value_at(body, path) if path else None
    return value if isinstance(value, str) and value else None


def _code(body: Mapping[str, object], path: Path) -> str:
    code = _required(body, path, "code").strip()
    # A code and nothing else: the words around it are the operator's.
    if not (code.isascii() and code.isalnum() and len(code) <= _LONGEST_CODE):
        raise InvalidFieldError("code", f"give at most {_LONGEST_CODE} letters and digits")
    return code
