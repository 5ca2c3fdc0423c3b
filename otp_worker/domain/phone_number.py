"""Phone numbers: any usual spelling to one E.164 number that can receive SMS."""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass

import phonenumbers
from phonenumbers import PhoneNumberType

from otp_worker.domain.errors import CountryNotAllowedError, InvalidFieldError

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

_SPELLING = re.compile(r"\(?\+?\(?[0-9][0-9 ().\-/]{3,30}")
_RECEIVES_SMS = {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE}
_KINDS = {
    PhoneNumberType.FIXED_LINE: "a fixed line",
    PhoneNumberType.PREMIUM_RATE: "a premium-rate number",
    PhoneNumberType.TOLL_FREE: "a toll-free number",
    PhoneNumberType.SHARED_COST: "a shared-cost number",
    PhoneNumberType.VOIP: "a VoIP number",
    PhoneNumberType.PAGER: "a pager",
}


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """A number that can receive SMS, in E.164, with the ISO code of its country."""

    e164: str
    country: str

    @property
    def masked(self) -> str:
        """The number as it may be shown: country calling code and last two digits."""
        return mask(self.e164)


def parse_number(text: str, countries: Collection[str]) -> PhoneNumber:
    """The one number that ``text`` spells.

    A number without a country calling code is read as one of the single allowed country.
    Raises InvalidFieldError (field ``to``) and CountryNotAllowedError.
    """
    parsed = _parse(_plain(text), next(iter(countries)) if len(countries) == 1 else None)
    # A number that does not exist has no type: asking for that alone costs half of asking for both.
    kind = phonenumbers.number_type(parsed)
    if kind == PhoneNumberType.UNKNOWN:
        raise InvalidFieldError("to", "this is not a number that exists; check its digits and its length")
    if kind not in _RECEIVES_SMS:
        raise InvalidFieldError(
            "to", f"{_KINDS.get(kind, 'this kind of number')} cannot receive SMS; give a mobile number"
        )
    country = phonenumbers.region_code_for_number(parsed) or "ZZ"
    if country not in countries:
        raise CountryNotAllowedError(country)
    e164 = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    return PhoneNumber(e164, country)


def number_of_sender(text: str) -> PhoneNumber | None:
    """The mobile number, of any country, that an SMS came from; None for a short code or a name.

    Gateways write it with and without its plus; without one it begins with its country calling code.
    """
    for spelling in (text, f"+{text}"):
        try:
            return parse_number(spelling, phonenumbers.SUPPORTED_REGIONS)
        except (InvalidFieldError, CountryNotAllowedError):
            continue
    return None


def mask(e164: str) -> str:
    """An E.164 number with all but its country calling code and last two digits starred."""
    try:
        code = f"+{phonenumbers.parse(e164).country_code}"
    except phonenumbers.NumberParseException:
        code = ""
    return f"{code}{'*' * max(len(e164) - len(code) - 2, 3)}{e164[-2:]}"


def _plain(text: str) -> str:
    # Copied from a contact, a number often carries invisible direction marks (Unicode category Cf).
    visible = "".join(
        char for char in unicodedata.normalize("NFKC", text) if unicodedata.category(char) != "Cf"
    )
    plain = visible.strip(" ")
    if not _SPELLING.fullmatch(plain):
        raise InvalidFieldError("to", "give a phone number in international form, such as +447400123456")
    return f"+{plain[2:]}" if plain.startswith("00") else plain


def _parse(plain: str, region: str | None) -> phonenumbers.PhoneNumber:
    try:
        return phonenumbers.parse(plain, region)
    except phonenumbers.NumberParseException:
        raise InvalidFieldError(
            "to", "give the number with its country calling code, such as +447400123456"
        ) from None
