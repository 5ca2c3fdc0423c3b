"""Numbers of every country, how libphonenumber prints them, and how we read one."""

import re
from collections.abc import Collection

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from otp_worker.domain.errors import OtpError
from otp_worker.domain.phone_number import PhoneNumber, parse_number

COUNTRIES = frozenset({"DE", "GB"})
EVERYWHERE = phonenumbers.SUPPORTED_REGIONS
DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\uff0d\u30fc"
NUMBER = PhoneNumber("+447400123456", "GB")
E164 = re.compile(r"\+[1-9][0-9]{6,14}")


def mobiles() -> dict[str, phonenumbers.PhoneNumber]:
    """A mobile number of every country that has its own; Svalbard's, say, are Norway's."""
    found = {
        country: phonenumbers.example_number_for_type(country, PhoneNumberType.MOBILE)
        for country in sorted(phonenumbers.SUPPORTED_REGIONS)
    }
    return {
        country: number
        for country, number in found.items()
        if number is not None and phonenumbers.region_code_for_number(number) == country
    }


MOBILES = mobiles()


def printed(style: int) -> dict[str, str]:
    """Each country's mobile number as it is printed there, or for readers abroad."""
    return {country: phonenumbers.format_number(number, style) for country, number in MOBILES.items()}


NATIONAL = printed(PhoneNumberFormat.NATIONAL)
INTERNATIONAL = printed(PhoneNumberFormat.INTERNATIONAL)


def read(typed: str, countries: Collection[str]) -> PhoneNumber | None:
    """The number that is read; None where it is refused."""
    try:
        return parse_number(typed, countries)
    except OtpError:
        return None
