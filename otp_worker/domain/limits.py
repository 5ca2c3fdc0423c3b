"""Limits: how often something may be done in moving windows, and who each use is counted for."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from otp_worker.domain.ip_address import user_of
from otp_worker.domain.keyring import Keyring

BLOCK_DIGITS = 4
"""A number without these last digits names its block of 10,000: pumping buys numbers by the block."""

_RATE = re.compile(r"([0-9]{1,9})/([0-9]{0,6})([smhd])")
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
LONGEST_DAYS = 31
"""No window of a limit is longer."""


class Limit(StrEnum):
    """What is limited, and for whom it is counted."""

    NUMBER = "number"
    BLOCK = "block"
    COUNTRY = "country"
    KEY = "key"
    IP = "ip"
    TOTAL = "total"
    CHECKS_KEY = "checks_key"
    CHECKS_IP = "checks_ip"
    BUCKET = "bucket"
    """A bucket of an app's own, counted for each value that the app names."""


OF_THE_OPERATOR: tuple[Limit, ...] = tuple(limit for limit in Limit if limit is not Limit.BUCKET)
"""The limits that the operator sets for all."""


@dataclass(frozen=True, slots=True)
class Rate:
    """So many in any window of so many seconds."""

    count: int
    seconds: int


LimitRates = Mapping[Limit, tuple[Rate, ...]]
"""The rates of limits; one that has none is turned off."""


@dataclass(frozen=True, slots=True)
class LimitKey:
    """One limit for one number, block, key... ``values`` are what its column may hold, ``key`` its name.

    Without rates it refuses nothing, and its uses count for the other keys of the same name, which have
    ``default_rates`` unless they have their own. ``bucket`` names the app's own bucket, if it is one.
    """

    limit: Limit
    rates: tuple[Rate, ...]
    key: str
    values: tuple[bytes | str, ...] = ()
    default_rates: tuple[Rate, ...] = ()
    bucket: str = ""

    @property
    def longest_seconds(self) -> int:
        """The longest window: what is older does not count any more."""
        return max((rate.seconds for rate in self.rates), default=0)

    @property
    def kept_seconds(self) -> int:
        """How long a use must be remembered, for this key or another one of its name."""
        return max(rate.seconds for rate in (*self.rates, *self.default_rates))


@dataclass(frozen=True, slots=True)
class Remaining:
    """How many more a limit allows now in its window of so many seconds; ``bucket`` as in its key."""

    limit: Limit
    seconds: int
    left: int
    bucket: str = ""


@dataclass(frozen=True, slots=True)
class Bucket:
    """One value in a bucket of an app's own: what stands for it under each root secret, newest first."""

    name: str
    hashes: tuple[bytes, ...]


def parse_rates(text: str) -> tuple[Rate, ...]:
    """Rates such as ``1/30s,5/10m,10/h``; none in an empty text. Raises ValueError."""
    return tuple(_rate(part.strip()) for part in text.split(",")) if text.strip() else ()


def refuse_forgotten_window(rates: Iterable[Rate], retention_days: int) -> None:
    """Raise ValueError for a window that is longer than the sends which it counts are kept."""
    days = max((rate.seconds for rate in rates), default=0) / _UNIT_SECONDS["d"]
    if days > retention_days:
        raise ValueError(f"its window of {days:g} d is longer than OTP_RETENTION_DAYS")


def _rate(text: str) -> Rate:
    match = _RATE.fullmatch(text)
    rate = Rate(int(match[1]), int(match[2] or 1) * _UNIT_SECONDS[match[3]]) if match else Rate(0, 0)
    if not (rate.count and 0 < rate.seconds <= LONGEST_DAYS * _UNIT_SECONDS["d"]):
        raise ValueError("give rates such as 1/30s,5/10m,10/h, or nothing for no limit")
    return rate


@dataclass(frozen=True, slots=True)
class Limits:
    """The operator's limits."""

    keyring: Keyring
    rates: LimitRates = field(default_factory=dict)

    def on_send(
        self,
        number: str,
        country: str,
        app: str,
        ip_hash: bytes | None,
        own: LimitRates | None = None,
        *,
        test: bool,
    ) -> list[LimitKey]:
        """What an SMS to an E.164 number, or an e-mail, counts for; of a test app's only its key.

        A key's ``own`` rates stand in place of the operator's. No scope's key holds a number or an address.
        """
        counted: list[tuple[Limit, list[bytes] | list[str]]] = [(Limit.KEY, [app])]
        if not test:
            counted = [
                (Limit.NUMBER, self.keyring.number_hashes(number)),
                (Limit.BLOCK, self.block_hashes(number)),
                (Limit.COUNTRY, [country]),
                *counted,
                (Limit.IP, [ip_hash] if ip_hash else []),
                (Limit.TOTAL, ["all"]),
            ]
        return list(self._scopes(counted, own or {}))

    def on_repeat(self, app: str, ip_hash: bytes | None, own: LimitRates | None = None) -> list[LimitKey]:
        """What a request counts for that sends no SMS of its own: who asks, and from where."""
        counted: list[tuple[Limit, list[bytes] | list[str]]] = [
            (Limit.KEY, [app]),
            (Limit.IP, [ip_hash] if ip_hash else []),
        ]
        return list(self._scopes(counted, own or {}))

    def buckets(self, app: str, values: Mapping[str, str]) -> tuple[Bucket, ...]:
        """What stands for the values that an app names, by the names of its buckets."""
        return tuple(
            Bucket(name, tuple(self.keyring.hashes("bucket", f"{app}\0{name}\0{value}")))
            for name, value in values.items()
        )

    def on_buckets(self, buckets: Iterable[Bucket], rates: Mapping[str, tuple[Rate, ...]]) -> list[LimitKey]:
        """What an SMS counts for in an app's own buckets, of which some may be gone by now."""
        return [
            LimitKey(
                Limit.BUCKET,
                rates[each.name],
                f"{Limit.BUCKET.value}:{each.name}:{each.hashes[0].hex()}",
                each.hashes,
                bucket=each.name,
            )
            for each in buckets
            if rates.get(each.name)
        ]

    def on_check(self, app: str, ip: str | None, own: LimitRates | None = None) -> list[LimitKey]:
        """What a check counts for; a key's ``own`` rates stand in place of the operator's."""
        addresses = [self.ip_hash(ip)] if ip else []
        return list(self._scopes([(Limit.CHECKS_KEY, [app]), (Limit.CHECKS_IP, addresses)], own or {}))

    def block_hashes(self, number: str) -> list[bytes]:
        """What stands, and under older root secrets stood, for the block of an E.164 number.

        All that is delivered to one mailbox is one block of addresses (RFC 5233: ``name+detail@domain``).
        """
        name, at, domain = number.rpartition("@")
        block = f"{name.partition('+')[0]}@{domain}" if at else number[:-BLOCK_DIGITS]
        return self.keyring.hashes("block", block)

    def block_hash(self, number: str) -> bytes:
        """What stands for the block of an E.164 number."""
        return self.block_hashes(number)[0]

    def ip_hash(self, ip: str) -> bytes:
        """What stands for an end user's address, the same for all addresses that one user has."""
        return self.keyring.hashes("ip", user_of(ip))[0]

    def _scopes(
        self, counted: Iterable[tuple[Limit, list[bytes] | list[str]]], own: LimitRates
    ) -> Iterable[LimitKey]:
        for limit, values in counted:
            default = self.rates.get(limit, ())
            rates = own.get(limit, default)
            if values and (rates or default):
                name = values[0].hex() if isinstance(values[0], bytes) else values[0]
                yield LimitKey(limit, rates, f"{limit.value}:{name}", tuple(values), default)
