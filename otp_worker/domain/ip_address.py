"""IP addresses: what counts as one end user's, and what is on the public internet.

Some IPv6 addresses carry an IPv4 address that traffic ends up at: such an address is taken for that one.
"""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

_USER_PREFIX = 64
"""A network hands each end user a /64 at least (RFC 6177): whoever has one has all of its addresses."""

_UNICAST = IPv6Network("2000::/3")
"""All of IPv6 that IANA has given out for the public internet."""
_LOCAL_NAT64 = IPv6Network("64:ff9b:1::/48")
# RFC 4291 (mapped and compatible), RFC 2765 (translated), RFC 6052 and RFC 8215 (NAT64).
_ENDING_IN_IPV4 = tuple(
    map(IPv6Network, ("::ffff:0:0/96", "::/96", "::ffff:0:0:0/96", "64:ff9b::/96", str(_LOCAL_NAT64)))
)


def user_of(address: str) -> str:
    """What an end user's address is counted by: an IPv4 address, or the /64 of an IPv6 one.

    Raises ValueError for what is no IP address.
    """
    ip = ip_address(address)
    if isinstance(ip, IPv4Address):
        return str(ip)
    embedded = _embedded(ip)
    # The last one is the client's own; a Teredo address begins with its server's.
    return str(embedded[-1]) if embedded else str(IPv6Network((ip, _USER_PREFIX), strict=False))


def is_public(address: str) -> bool:
    """Whether an IP address, and whatever is embedded in it, is one on the public internet."""
    ip = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv4Address):
        return ip.is_global and not ip.is_multicast
    embedded = _embedded(ip)
    if not embedded:
        return ip.is_global and ip in _UNICAST
    return ip not in _LOCAL_NAT64 and all(is_public(str(part)) for part in embedded)


def _embedded(ip: IPv6Address) -> list[IPv4Address]:
    """The IPv4 addresses that an IPv6 address stands for or passes by."""
    if ip.teredo:
        return list(ip.teredo)
    if ip.sixtofour:
        return [ip.sixtofour]
    if any(ip in network for network in _ENDING_IN_IPV4):
        return [IPv4Address(int(ip) & 0xFFFFFFFF)]
    return []
