"""Reverse verification: the person texts a short token to one of our SIMs, from the number they claim.

The sender's number of an SMS can be forged by whoever has a way into the networks. A right token from the
claimed number is therefore weaker proof than a code that was sent there, and this is off by default.
"""

import re
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime

from otp_worker.domain.errors import InvalidFieldError
from otp_worker.domain.keyring import Keyring
from otp_worker.domain.sim import Sims, order

INBOUND = "inbound"
"""The channel of verifications whose person texts us."""

TOKEN_LENGTH = 8
"""40 bits in an alphabet of 32."""
MOST_CANDIDATES = 20

# Crockford's base 32 has no I, L, O and U, and reads what people type in their place.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_READ_AS = str.maketrans("ILO", "110")
_CANDIDATE = re.compile(r"(?<![0-9A-Z])(?=([0-9A-TV-Z]{4})[ -]?([0-9A-TV-Z]{4})(?![0-9A-Z]))", re.IGNORECASE)
_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"))


@dataclass(frozen=True, slots=True)
class Invitation:
    """What the person is to text, and where to (E.164), by when. The token is shown this once."""

    text_to: str
    token: str
    expires_at: datetime


def new_token() -> str:
    """A token, without its dash."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(TOKEN_LENGTH))


def shown(token: str) -> str:
    """A token as people are shown it: ``7K3Q-9XWD``."""
    return f"{token[:4]}-{token[4:]}"


def plain(text: str) -> str:
    """A text without look-alikes and invisible characters, as tokens are found in it."""
    visible = "".join(
        char for char in unicodedata.normalize("NFKC", text) if unicodedata.category(char) != "Cf"
    )
    return visible.translate(_DASHES)


def tokens_in(text: str) -> list[tuple[str, tuple[int, int]]]:
    """Whatever could be a token in a plain text, with where it stands; the first few."""
    found = []
    for match in _CANDIDATE.finditer(text):
        token = (match[1] + match[2]).upper().translate(_READ_AS)
        found.append((token, (match.start(1), match.end(2))))
    return found[:MOST_CANDIDATES]


def token_hashes(keyring: Keyring, token: str) -> list[bytes]:
    """What stands for a token, under every listed root, newest first."""
    return keyring.hashes("inbound token", token)


def number_to_text(sims: Sims, country: str, recipient: bytes) -> str:
    """The number of a SIM that serves a country, for each recipient the same one.

    Raises InvalidFieldError where no such SIM's number is known.
    """
    numbered = [sim for sim in sims.serving(country) if sim.number]
    for sim in order(numbered, recipient):
        if sim.number:
            return sim.number
    raise InvalidFieldError("channel", f"no SIM that serves {country} has a number here; use the channel sms")
