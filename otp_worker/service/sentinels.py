"""Redis behind Sentinels, which agree on the primary: one spelling for the broker, the limits and Flower.

``sentinel://:password@host1:26379/0;sentinel://host2:26379;sentinel://host3:26379?master_name=otp`` is the
spelling of Celery's documents, with the primary's name as an option; ``sentinels://`` is the same over TLS,
to the Sentinels and to Redis. User, password and database are Redis's, and stand in the first part;
``sentinel_username`` and ``sentinel_password`` are the Sentinels' own, where they have such.
"""

from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, unquote, urlsplit

SCHEMES = ("sentinel://", "sentinels://")
PORT = 26379
_OPTIONS = ("master_name", "sentinel_username", "sentinel_password")


@dataclass(frozen=True, slots=True)
class Sentinels:
    """Whom to ask for the primary, its name there, and what it and they are shown."""

    addresses: tuple[tuple[str, int], ...]
    master_name: str
    database: int
    username: str | None
    password: str | None
    own_username: str | None
    own_password: str | None

    @classmethod
    def parse(cls, url: str) -> "Sentinels":
        """What a URL without TLS options says. Raises ValueError with the fix; no password is in it."""
        whole, _, query = url.partition("?")
        first, *others = whole.split(";")
        options = dict(parse_qsl(query, keep_blank_values=True))
        if unknown := options.keys() - set(_OPTIONS):
            raise ValueError(f"{', '.join(sorted(unknown))} is not known; there are {', '.join(_OPTIONS)}")
        if not options.get("master_name"):
            raise ValueError("Sentinels need the primary's name: add ?master_name=")
        scheme = first.partition("://")[0]
        for other in others:
            _check_other(other, scheme)
        parts = urlsplit(first)
        return cls(
            tuple(_address(each) for each in (first, *others)),
            options["master_name"],
            _database(parts.path),
            _plain(parts.username),
            _plain(parts.password),
            options.get("sentinel_username"),
            options.get("sentinel_password"),
        )

    @property
    def kombu_url(self) -> str:
        """As kombu reads it: each part has the credentials, for it goes from one to the next."""
        user = quote(self.username or "", safe="")
        secret = f"{user}:{quote(self.password, safe='')}@" if self.password else ""
        return ";".join(
            f"sentinel://{secret}{_bracketed(host)}:{port}/{self.database}" for host, port in self.addresses
        )


def is_sentinels(url: str) -> bool:
    """Whether a URL names Sentinels and not a Redis."""
    return url.startswith(SCHEMES)


def _check_other(url: str, scheme: str) -> None:
    parts = urlsplit(url)
    if parts.scheme != scheme:
        raise ValueError(f"each part begins with {scheme}://")
    if parts.username or parts.password or parts.path.strip("/"):
        raise ValueError("user, password and database stand in the first part alone")


def _address(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        # The library's own message quotes what it took for a port, and that may be a password.
        raise ValueError("a Sentinel's port is no number; is the password percent-encoded?") from None
    if not host:
        raise ValueError("a Sentinel has no host")
    return host, port or PORT


def _database(path: str) -> int:
    number = path.strip("/") or "0"
    if not (number.isascii() and number.isdecimal()):
        raise ValueError("the database of Redis is a number, such as /0")
    return int(number)


def _plain(quoted: str | None) -> str | None:
    return unquote(quoted) if quoted else None


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
