"""Who sits at the browser: a signed cookie, and nothing kept on our side."""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from itsdangerous import BadSignature, URLSafeTimedSerializer

from otp_worker.domain.keyring import Keyring

COOKIE = "otp_console"
LIFE_SECONDS = 12 * 3600
_PURPOSE = "console session"


@dataclass(frozen=True, slots=True)
class Session:
    """One browser. Without a ``login`` nobody has signed in yet.

    ``csrf`` is what each of its forms repeats: another site's page cannot know it.
    """

    login: str
    csrf: str


class Sessions:
    """Makes and reads the cookies of sessions, and judges logins.

    The signing key comes from the root secrets and from the logins: whoever changes a password signs
    everybody out.
    """

    def __init__(self, keyring: Keyring, logins: Mapping[str, str]) -> None:
        self._logins = dict(logins)
        known = "\n".join(f"{login}:{password}" for login, password in sorted(logins.items()))
        newest_last = keyring.hashes(_PURPOSE, known)[::-1]
        self._signer = URLSafeTimedSerializer(
            newest_last,
            salt=_PURPOSE,
            signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
        )

    def begin(self, login: str = "") -> tuple[str, Session]:
        """A new session and its cookie."""
        session = Session(login, secrets.token_urlsafe(24))
        return str(self._signer.dumps([session.login, session.csrf])), session

    def read(self, cookie: str | None) -> Session | None:
        """The session of a cookie; None if it is not ours, or too old."""
        try:
            login, csrf = self._signer.loads(cookie or "", max_age=LIFE_SECONDS)
        except (BadSignature, ValueError, TypeError):
            return None
        return Session(login, csrf)

    def is_right(self, login: str, password: str) -> bool:
        """Whether the password is the login's; takes the same time whatever is wrong."""
        known = self._logins.get(login, "")
        same = hmac.compare_digest(password.encode(), known.encode())
        return same and login in self._logins
