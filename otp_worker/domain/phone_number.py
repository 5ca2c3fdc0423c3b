"""Phone numbers: whatever a person types to one E.164 number that can receive SMS.

Everything that libphonenumber reads as one number is read. Digits without a plus are read as they are dialled
in the country that is allowed. Where several countries are allowed they can be numbers of more than one: 001
47 9226 1234 is Norway's behind Hong Kong's prefix 001, and the United States' behind the usual 00. Then they
are refused, because a guess would send the code to a stranger.
"""

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache

import phonenumbers
from phonenumbers import PhoneNumberType

from otp_worker.domain.errors import CountryNotAllowedError, InvalidFieldError
from otp_worker.domain.mobile_numbers import calling_code, country_of_mobile

FOUND_IN = {
    "AX": "FI",
    "BL": "GP",
    "CC": "AU",
    "CX": "AU",
    "EH": "MA",
    "MF": "GP",
    "SJ": "NO",
    "VA": "IT",
}
"""Territories whose mobile numbers ``phonenumbers`` takes for those of another country, and that country."""
WITHOUT_MOBILES = frozenset({"TA"})

LONGEST = 250
"""Characters of the longest text that is read; libphonenumber's own bound."""
UNKNOWN_COUNTRY = "ZZ"
"""ISO 3166's code for what is no country."""
ITU_PREFIX = "00"
"""The international prefix that ITU-T E.164 recommends, and that people write wherever they are."""

# The prolonged sound mark of Japanese (a letter to Unicode) is typed for a dash.
_LETTER_BEHIND = re.compile(r"\d.*[^\W\d_\u30fc]")
_RECEIVES_SMS = {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE}
_KINDS = {
    PhoneNumberType.FIXED_LINE: "a fixed line",
    PhoneNumberType.PREMIUM_RATE: "a premium-rate number",
    PhoneNumberType.TOLL_FREE: "a toll-free number",
    PhoneNumberType.SHARED_COST: "a shared-cost number",
    PhoneNumberType.VOIP: "a VoIP number",
    PhoneNumberType.PAGER: "a pager",
}
_MOBILE_FORMS: Mapping[int, tuple[re.Pattern[str], str]] = {
    # Italy keeps the zero of its fixed lines, and has none before mobile numbers.
    39: (re.compile(r"0(3\d{8,9})"), r"\1"),
    # Mexico's mobile prefixes, dialled until 2019: 1 from abroad, 044 and 045 within, 01 over long distance.
    52: (re.compile(r"(?:1|01|04[45])(\d{10})"), r"\1"),
    # Argentina's mobile token, which is dialled from abroad only, and left out by many networks.
    54: (re.compile(r"(\d{10})"), r"9\1"),
    # Brazil's ninth digit, put before every mobile number from 2012 to 2016.
    55: (re.compile(r"(\d\d)([6-9]\d{7})"), r"\g<1>9\2"),
    # Colombia's trunk prefix to mobile numbers, dialled until 2021.
    57: (re.compile(r"0(3\d{9})"), r"\1"),
}
"""By calling code: a form of mobile numbers that libphonenumber does not know, and today's form."""


class FixedLineError(InvalidFieldError):
    """The number is that of a fixed line, which receives no SMS."""


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """A number that can receive SMS, in E.164, with the ISO code of its country."""

    e164: str
    country: str

    @property
    def identity(self) -> str:
        """What stands for the number wherever it is counted or looked for."""
        return self.e164

    @property
    def masked(self) -> str:
        """The number as it may be shown: country calling code and last two digits."""
        return mask(self.e164)


def parse_number(text: str, countries: Collection[str]) -> PhoneNumber:
    """The one number that ``text`` spells.

    A number without a country calling code is read as one of the single allowed country.
    Raises InvalidFieldError (field ``to``) and CountryNotAllowedError.
    """
    country = country_of_mobile(text)
    number = PhoneNumber(text, country) if country else ask_library(text, countries)
    if number.country not in countries:
        raise CountryNotAllowedError(number.country)
    return number


def ask_library(text: str, countries: Collection[str]) -> PhoneNumber:
    """The number that ``text`` spells, of whatever country. Raises InvalidFieldError (field ``to``)."""
    parsed = _read(_plain(text), countries)
    # A number that does not exist has no type: asking for that alone costs half of asking for both.
    kind = phonenumbers.number_type(parsed)
    if kind == PhoneNumberType.UNKNOWN:
        raise InvalidFieldError("to", "this is not a number that exists; check its digits and its length")
    if kind not in _RECEIVES_SMS:
        refusal = FixedLineError if kind == PhoneNumberType.FIXED_LINE else InvalidFieldError
        raise refusal(
            "to", f"{_KINDS.get(kind, 'this kind of number')} cannot receive SMS; give a mobile number"
        )
    return _number(parsed)


def parse_mobile(text: str, region: str | None = None) -> PhoneNumber | None:
    """The mobile number, of any country, that a network writes so, as it is dialled in ``region``.

    Only mobile phones text: what reads as a fixed line is a mobile number without its token, if it can be.
    None where ``text`` is no such number.
    """
    parsed = _parse(text, region)
    if parsed is None:
        return None
    if phonenumbers.number_type(parsed) not in _RECEIVES_SMS:
        parsed = _mobile_form(parsed)
    return None if parsed is None else _number(parsed)


def country_of(e164: str) -> str:
    """The country of an E.164 number, of an unassigned one that its calling code is mainly for; else ZZ."""
    try:
        parsed = phonenumbers.parse(e164)
    except phonenumbers.NumberParseException:
        return UNKNOWN_COUNTRY
    found = phonenumbers.region_code_for_number(parsed)
    return found or phonenumbers.region_code_for_country_code(parsed.country_code or 0)


def mask(e164: str) -> str:
    """An E.164 number with all but its country calling code and last two digits starred."""
    code = _plus_code(e164)
    return f"{code}{'*' * max(len(e164) - len(code) - 2, 3)}{e164[-2:]}"


def _plus_code(number: str) -> str:
    """A number's country calling code with its plus; nothing where it has none."""
    plain = calling_code(number)
    if plain:
        return f"+{plain}"
    try:
        return f"+{phonenumbers.parse(number).country_code}"
    except phonenumbers.NumberParseException:
        return ""


def visible(text: str) -> str:
    """A text without look-alikes, and without what nobody sees (Unicode category Cf).

    Copied from a contact, a number often carries direction marks.
    """
    return "".join(char for char in unicodedata.normalize("NFKC", text) if unicodedata.category(char) != "Cf")


def _plain(text: str) -> str:
    plain = visible(text) if len(text) <= LONGEST else ""
    # Letters before the number are a label. Behind its first digit they stand for digits, or for a second
    # number: not to be guessed. The parameters of a tel: URI (RFC 3966) are libphonenumber's to read.
    number = plain.partition(";")[0] if plain.lower().startswith("tel:") else plain
    if _LETTER_BEHIND.search(number):
        raise _unreadable()
    return plain


def _read(plain: str, countries: Collection[str]) -> phonenumbers.PhoneNumber:
    """The number as the single allowed country dials it, else the one that the digits stand for."""
    parsed = _parse(plain, next(iter(countries)) if len(countries) == 1 else None)
    if parsed is None or phonenumbers.number_type(parsed) == PhoneNumberType.UNKNOWN:
        parsed = (None if "+" in plain else _dialled(plain, countries)) or parsed
    if parsed is None:
        raise _unreadable()
    return parsed


def _dialled(plain: str, countries: Collection[str]) -> phonenumbers.PhoneNumber | None:
    """The number that is dialled so from the allowed countries: behind a prefix of theirs, or behind 00.

    Raises InvalidFieldError where it could be another number as well.
    """
    digits = phonenumbers.normalize_digits_only(plain)
    behind = {digits[match.end() :] for country in countries if (match := _prefix(country).match(digits))}
    if digits.startswith(ITU_PREFIX):
        behind.add(digits.removeprefix(ITU_PREFIX))
    if len(countries) == 1:
        # As many networks write it, and contacts without their plus.
        behind.add(digits)
    found = {e164 for each in behind if (e164 := _e164(f"+{each}"))}
    if not found:
        return None
    national = {number.e164 for country in countries if (number := parse_mobile(plain, country))}
    if len(found | national) > 1:
        raise InvalidFieldError(
            "to",
            "these digits are numbers of several countries; give it with + and its country calling code, "
            "such as +447400123456",
        )
    return phonenumbers.parse(found.pop())


@cache
def _prefix(country: str) -> re.Pattern[str]:
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(country)
    return re.compile((metadata and metadata.international_prefix) or ITU_PREFIX)


def _e164(international: str) -> str | None:
    """A number that exists, of whatever kind."""
    parsed = _parse(international, None)
    if parsed is None or phonenumbers.number_type(parsed) == PhoneNumberType.UNKNOWN:
        return None
    return _number(parsed).e164


def _parse(text: str, region: str | None) -> phonenumbers.PhoneNumber | None:
    try:
        parsed = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if parsed.extension:
        return None
    is_unknown = parsed.country_code in _MOBILE_FORMS and (
        phonenumbers.number_type(parsed) == PhoneNumberType.UNKNOWN
    )
    return (is_unknown and _mobile_form(parsed)) or parsed


def _mobile_form(parsed: phonenumbers.PhoneNumber) -> phonenumbers.PhoneNumber | None:
    """A mobile number in today's form, where ``parsed`` has a former one or lacks its token."""
    form = _MOBILE_FORMS.get(parsed.country_code or 0)
    match = form and form[0].fullmatch(phonenumbers.national_significant_number(parsed))
    if not form or not match:
        return None
    mobile = phonenumbers.parse(f"+{parsed.country_code}{match.expand(form[1])}")
    return mobile if phonenumbers.number_type(mobile) in _RECEIVES_SMS else None


def _number(parsed: phonenumbers.PhoneNumber) -> PhoneNumber:
    e164 = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    return PhoneNumber(e164, phonenumbers.region_code_for_number(parsed) or UNKNOWN_COUNTRY)


def _unreadable() -> InvalidFieldError:
    return InvalidFieldError(
        "to",
        "give one phone number in international form, with its country calling code, such as +447400123456",
    )
