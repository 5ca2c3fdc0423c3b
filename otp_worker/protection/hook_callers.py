"""Who posts to a hook: whether the caller knows a secret of it. What cannot be checked is refused."""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from standardwebhooks import Webhook

from otp_worker.domain.errors import UnauthenticatedError
from otp_worker.domain.hook import Hook, HookAuth, value_at

TOLERANCE = timedelta(minutes=5)
"""So far a signature's time may be from ours: what Standard Webhooks and Zitadel's own check allow."""
ZITADEL_HEADER = "zitadel-signature"

_SECONDS = re.compile(r"[0-9]{1,11}")
# Several secrets give several signatures. Standard Webhooks puts a space between them, Supabase a comma too.
_STANDARD_SIGNATURE = re.compile(r"v1,([A-Za-z0-9+/]+=*)")
_ZITADEL_SIGNATURE = re.compile(r"v1=([0-9a-f]{64})")
_ZITADEL_TIME = re.compile(r"\bt=([0-9]{1,11})\b")

Headers = Mapping[str, str]
"""By their names in small letters."""


def refuse_strange_headers(hook: Hook, headers: Headers, now: datetime) -> None:
    """Raise UnauthenticatedError for whoever is not the hook's own system by the headers alone.

    So next to nobody else can make a thread wait for a body.
    """
    if hook.auth is HookAuth.STANDARD_WEBHOOKS:
        _signed_at(headers.get("webhook-timestamp", ""), now)
    elif hook.auth is HookAuth.ZITADEL:
        _signed_at(_zitadel_time(headers), now)
    elif not hook.auth.needs_body and not _knows(hook, _shown(hook, headers)):
        raise UnauthenticatedError(_WANTED[hook.auth].format(hook.header))


def refuse_strange_body(hook: Hook, headers: Headers, raw: bytes, now: datetime) -> None:
    """Raise UnauthenticatedError unless the body is signed with a secret, where the system signs it."""
    if hook.auth is HookAuth.STANDARD_WEBHOOKS:
        signed_at = _signed_at(headers.get("webhook-timestamp", ""), now)
        message_id = headers.get("webhook-id", "")
        made = [_standard_signature(secret, message_id, signed_at, raw) for secret in hook.secrets]
        _refuse_unless_met(made, _STANDARD_SIGNATURE.findall(headers.get("webhook-signature", "")))
    elif hook.auth is HookAuth.ZITADEL:
        signed = f"{_zitadel_time(headers)}.".encode() + raw
        made = [hmac.digest(secret.encode(), signed, hashlib.sha256).hex() for secret in hook.secrets]
        _refuse_unless_met(made, _ZITADEL_SIGNATURE.findall(headers.get(ZITADEL_HEADER, "")))


def refuse_strange_field(hook: Hook, body: Mapping[str, object]) -> None:
    """Raise UnauthenticatedError unless the body holds a secret, where it is to stand there."""
    if hook.auth is HookAuth.FIELD and not _knows(hook, value_at(body, hook.secret_field or ())):
        raise UnauthenticatedError("the body does not hold the secret of this hook")


def bare_secret(secret: str) -> str:
    """A secret of Standard Webhooks without what is written before it.

    Supabase writes ``v1,whsec_``, of which the library takes ``v1`` for a part of the key.
    """
    return secret.removeprefix("v1,").removeprefix("whsec_")


def _shown(hook: Hook, headers: Headers) -> str | None:
    """The secret that the headers show; for Basic it is ``user:password``."""
    if hook.auth is HookAuth.HEADER:
        return headers.get(hook.header.lower())
    scheme, _, shown = headers.get("authorization", "").partition(" ")
    if scheme.lower() != hook.auth:
        return None
    if hook.auth is HookAuth.BEARER:
        return shown
    try:
        return base64.b64decode(shown, validate=True).decode()
    except ValueError:
        return None


def _knows(hook: Hook, shown: object) -> bool:
    return isinstance(shown, str) and _meet(hook.secrets, [shown])


def _refuse_unless_met(made: Sequence[str], given: Sequence[str]) -> None:
    if not _meet(made, given):
        raise UnauthenticatedError("the signature is not made with a secret of this hook")


def _meet(ours: Sequence[str], theirs: Sequence[str]) -> bool:
    """Whether one of ours is among theirs; all are compared, so that the time tells nothing."""
    pairs = [(mine.encode(), each.encode(errors="replace")) for mine in ours for each in theirs]
    return sum(hmac.compare_digest(*pair) for pair in pairs) > 0


def _standard_signature(secret: str, message_id: str, signed_at: datetime, raw: bytes) -> str:
    try:
        signature = Webhook(bare_secret(secret)).sign(message_id, signed_at, raw.decode())
    except UnicodeError:
        raise UnauthenticatedError("the signature cannot be checked: the body is not UTF-8") from None
    return signature.removeprefix("v1,")


def _signed_at(seconds: str, now: datetime) -> datetime:
    """When it was signed. Raises UnauthenticatedError unless that is about now."""
    if not _SECONDS.fullmatch(seconds):
        raise UnauthenticatedError("it is not signed: the time of the signature is missing")
    signed_at = datetime.fromtimestamp(int(seconds), UTC)
    if abs(now - signed_at) > TOLERANCE:
        raise UnauthenticatedError("its signature is more than 5 minutes from now; look at both clocks")
    return signed_at


def _zitadel_time(headers: Headers) -> str:
    found = _ZITADEL_TIME.search(headers.get(ZITADEL_HEADER, ""))
    return found[1] if found else ""


_WANTED = {
    HookAuth.BASIC: "send Authorization: Basic with the hook's user and password",
    HookAuth.BEARER: "send Authorization: Bearer with the hook's secret",
    HookAuth.HEADER: "send the hook's secret in the header {0}",
}
