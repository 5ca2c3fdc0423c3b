"""A JSON Web Token (RFC 7519) signed with HS256 (RFC 7515), as far as a webhook needs it judged."""

from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import jwt

_ALGORITHMS = ["HS256"]
# PyJWT reads the machine's clock; the instants are compared here, with the clock of the service.
_OPTIONS: "jwt.types.Options" = {
    "require": ["exp"],
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
    "verify_aud": False,
}


def token_is_good(token: str, secret: bytes, now: datetime) -> bool:
    """Whether the secret signed a token that is valid now; one that names no end never is."""
    if "=" in token:
        # RFC 7515 leaves the padding out, and PyJWT overlooks it.
        return False
    # Every process knows the gateways, and few judge a token.
    import jwt

    try:
        claims = jwt.decode(token, secret, algorithms=_ALGORITHMS, options=_OPTIONS)
    except (jwt.InvalidTokenError, ValueError, RecursionError):
        return False
    begins, ends = claims.get("nbf", 0), claims["exp"]
    if not (isinstance(begins, int | float) and isinstance(ends, int | float)):
        return False
    return begins <= now.timestamp() < ends
