"""Several hosts of one Postgres: a primary that takes writes, and standbys that may take its place.

``postgresql://otp:password@pg1:5432,pg2:5432/otp?target_session_attrs=read-write`` is libpq's spelling. Each
new connection goes to the first host that takes writes.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import URL

USUAL_PORT = "5432"
TAKES_WRITES = ("read-write", "primary")


def list_hosts(url: str) -> str:
    """A URL with several hosts as SQLAlchemy reads it, which wants them as options; any other as it is."""
    scheme, mark, rest = url.partition("://")
    authority, _, path = rest.partition("/")
    login, at, hosts = authority.rpartition("@")
    if "," not in hosts or not scheme.startswith("postgres"):
        return url
    name, _, query = path.partition("?")
    options = [f"host={host}" for host in hosts.split(",")] + ([query] if query else [])
    return f"{scheme}{mark}{login}{at}/{name}?{'&'.join(options)}"


def check_hosts(url: "URL") -> None:
    """Raise ValueError, with the fix, for several hosts of which any would do: a standby takes no writes."""
    asked = url.query.get("target_session_attrs")
    if len(_hosts_of(url)) > 1 and asked not in TAKES_WRITES:
        raise ValueError("several hosts need target_session_attrs=read-write, so that the primary is found")
    if asked is not None and asked not in TAKES_WRITES:
        raise ValueError(f"target_session_attrs is {' or '.join(TAKES_WRITES)}: the service writes")


def _hosts_of(url: "URL") -> list[str]:
    named = url.query.get("host", ())
    return named.split(",") if isinstance(named, str) else list(named)


class HostOrder:
    """Puts the host first that took writes last: one that is away costs each new connection its time-out."""

    def __init__(self) -> None:
        self._last: tuple[str, str] | None = None

    def applied(self, parameters: dict[str, Any]) -> dict[str, Any]:
        """The parameters of a connection with that host first."""
        hosts = str(parameters.get("host", "")).split(",")
        if len(hosts) == 1:
            return parameters
        ports = str(parameters.get("port", "")).split(",")
        ports = [port or USUAL_PORT for port in (ports * len(hosts) if len(ports) == 1 else ports)]
        places = list(zip(hosts, ports, strict=True))
        places.sort(key=lambda place: place != self._last)
        return {
            **parameters,
            "host": ",".join(host for host, _ in places),
            "port": ",".join(port for _, port in places),
        }

    def remember(self, host: str, port: int) -> None:
        """Note where a connection was made to."""
        self._last = (host, str(port))
