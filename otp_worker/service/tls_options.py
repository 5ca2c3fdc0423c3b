"""TLS of Redis and RabbitMQ: one spelling of its options, in the URL, for the broker, limits and Flower.

``rediss://host/0?ssl_ca_certs=/etc/ssl/our-ca.pem`` and ``amqps://host//?ssl_ca_certs=...``. Certificates are
verified, against the system's authorities where no file is named. kombu, redis-py, py-amqp and Flower each
read other spellings of these options, and without any kombu verifies nothing.
"""

import ssl
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

TLS_SCHEMES = ("rediss", "sentinels", "amqps")
_WITH_TLS = {"amqp": "amqps", "sentinel": "sentinels"}
_PREFIX = "ssl_"
_FILES = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
_CHOICES = {"ssl_cert_reqs": ("required", "none"), "ssl_check_hostname": ("true", "false")}


@dataclass(frozen=True, slots=True)
class TlsOptions:
    """How a server is verified, and what it is shown; files are PEM."""

    verify: bool = True
    check_hostname: bool = True
    ca_certs: str | None = None
    certfile: str | None = None
    keyfile: str | None = None

    @property
    def for_redis(self) -> dict[str, object]:
        """As redis-py spells them, and kombu and Flower for Redis."""
        return {
            "ssl_cert_reqs": "required" if self.verify else "none",
            "ssl_check_hostname": self.verify and self.check_hostname,
            "ssl_ca_certs": self.ca_certs,
            "ssl_certfile": self.certfile,
            "ssl_keyfile": self.keyfile,
        }

    @property
    def for_amqp(self) -> dict[str, object]:
        """As py-amqp spells them: it checks the name where it is told one, and kombu tells it for None."""
        options: dict[str, object] = {
            "cert_reqs": ssl.CERT_REQUIRED if self.verify else ssl.CERT_NONE,
            "ca_certs": self.ca_certs,
            "certfile": self.certfile,
            "keyfile": self.keyfile,
        }
        return options | {"server_hostname": None} if self.verify and self.check_hostname else options


def split_tls_options(url: str) -> tuple[str, TlsOptions | None]:
    """A broker's URL without its TLS options, and these; None where its scheme is without TLS.

    Raises ValueError with the fix for an option that is not known, or not true.
    """
    parts = urlsplit(url)
    query = parse_qsl(parts.query, keep_blank_values=True)
    given = {name: value for name, value in query if name.startswith(_PREFIX)}
    if parts.scheme not in TLS_SCHEMES:
        if given:
            tls = _WITH_TLS.get(parts.scheme, "rediss")
            raise ValueError(f"{', '.join(given)} needs {tls}://")
        return url, None
    _judge(given)
    rest = urlencode([(name, value) for name, value in query if name not in given])
    options = TlsOptions(
        verify=given.get("ssl_cert_reqs") != "none",
        check_hostname=given.get("ssl_check_hostname") != "false",
        **{name.removeprefix(_PREFIX): given.get(name) for name in _FILES},
    )
    # Not put together anew: a URL without a host would lose its slashes.
    return url.partition("?")[0] + (f"?{rest}" if rest else ""), options


def _judge(given: dict[str, str]) -> None:
    for name, value in given.items():
        if name in _FILES:
            if not Path(value).is_file():
                raise ValueError(f"{name} names no file: {value}")
        elif name not in _CHOICES:
            raise ValueError(f"{name} is not known; there are {', '.join([*_FILES, *_CHOICES])}")
        elif value not in _CHOICES[name]:
            raise ValueError(f"{name} is {' or '.join(_CHOICES[name])}")
    if "ssl_keyfile" in given and "ssl_certfile" not in given:
        raise ValueError("ssl_keyfile needs ssl_certfile, the certificate that the key is of")
