"""Whom a code is sent to: a phone number, or an e-mail address that is treated as one."""

import re
from collections.abc import Collection
from dataclasses import dataclass

from otp_worker.domain.errors import InvalidFieldError
from otp_worker.domain.phone_number import UNKNOWN_COUNTRY, PhoneNumber, parse_number

LONGEST_ADDRESS = 254
"""RFC 5321, 4.5.3.1.3, without the angle brackets."""

# RFC 5321's Dot-string and Domain, in ASCII and without quoted names and address literals: nothing that could
# end a header or a command.
_ADDRESS = re.compile(
    r"(?P<name>[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*)"
    r"@(?P<domain>(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9]))",
    re.IGNORECASE | re.ASCII,
)
_LONGEST_NAME = 64
_SHOWN_OF_DOMAIN = 14


@dataclass(frozen=True, slots=True)
class EmailAddress:
    """An address that e-mail can be sent to, as it was given."""

    address: str

    @property
    def identity(self) -> str:
        """What stands for the mailbox wherever it is counted or looked for: nobody's differ in case alone."""
        return self.address.lower()

    @property
    def country(self) -> str:
        """It has none."""
        return UNKNOWN_COUNTRY

    @property
    def masked(self) -> str:
        """The address as it may be shown: the first letter of its name and the end of its domain."""
        name, _, domain = self.identity.rpartition("@")
        shown = domain if len(domain) <= _SHOWN_OF_DOMAIN else f"*{domain[-_SHOWN_OF_DOMAIN + 1 :]}"
        return f"{name[:1] if len(name) > 1 else ''}***@{shown}"


Recipient = PhoneNumber | EmailAddress


def parse_email(text: str) -> EmailAddress:
    """The address that a text is. Raises InvalidFieldError (field ``to``)."""
    plain = text.strip(" ")
    found = _ADDRESS.fullmatch(plain) if len(plain) <= LONGEST_ADDRESS else None
    if found is None or len(found["name"]) > _LONGEST_NAME:
        raise InvalidFieldError(
            "to",
            "give one e-mail address in ASCII, such as anna@example.com; other letters in its domain as xn--",
        )
    return EmailAddress(plain)


def parse_recipient(text: str, countries: Collection[str]) -> Recipient:
    """The number, or the address, that a text is. Raises InvalidFieldError and CountryNotAllowedError."""
    return parse_email(text) if "@" in text else parse_number(text, countries)
