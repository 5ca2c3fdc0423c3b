"""Former spellings and trunk prefixes: the number of today."""

import phonenumbers
import pytest
from phonenumbers import PhoneNumberFormat

from otp_worker.domain.errors import InvalidFieldError
from otp_worker.domain.phone_number import PhoneNumber, parse_number
from tests.unit.domain.every_country import MOBILES


@pytest.mark.parametrize(
    ("typed", "country", "number"),
    [
        ("+52 1 55 1234 5678", "MX", "+525512345678"),
        ("5215512345678", "MX", "+525512345678"),
        ("044 55 1234 5678", "MX", "+525512345678"),
        ("045 55 1234 5678", "MX", "+525512345678"),
        ("01 55 1234 5678", "MX", "+525512345678"),
        ("+52 044 55 1234 5678", "MX", "+525512345678"),
        ("55 1234 5678", "MX", "+525512345678"),
        ("+54 9 11 2345-6789", "AR", "+5491123456789"),
        ("+54 11 15-2345-6789", "AR", "+5491123456789"),
        ("011 15-2345-6789", "AR", "+5491123456789"),
        ("+55 11 6123-4567", "BR", "+5511961234567"),
        ("(11) 6123-4567", "BR", "+5511961234567"),
        ("0 15 11 96123-4567", "BR", "+5511961234567"),
        ("+55 (0) 11 96123-4567", "BR", "+5511961234567"),
        ("+55 11 7012-3456", "BR", "+551170123456"),  # of a network whose numbers kept eight digits
        ("+39 0347 123 4567", "IT", "+393471234567"),
        ("0347 123 4567", "IT", "+393471234567"),
        ("+57 0 321 123 4567", "CO", "+573211234567"),
        ("03 321 123 4567", "CO", "+573211234567"),
        ("8 (912) 345-67-89", "RU", "+79123456789"),
        ("06 20 123 4567", "HU", "+36201234567"),
        ("+36 06 20 123 4567", "HU", "+36201234567"),
        ("43 0664 123456", "AT", "+43664123456"),
    ],
)
def test_former_spellings_and_trunk_prefixes_are_the_number_of_today(
    typed: str, country: str, number: str
) -> None:
    assert parse_number(typed, {country}) == PhoneNumber(number, country)


@pytest.mark.parametrize(
    ("typed", "country"),
    [("+54 11 2345-6789", "AR"), ("+39 0331 123 4567", "IT"), ("+55 11 3123-4567", "BR")],
)
def test_a_fixed_line_is_not_made_a_mobile_number(typed: str, country: str) -> None:
    with pytest.raises(InvalidFieldError, match="a fixed line"):
        parse_number(typed, {country})


@pytest.mark.parametrize("country", sorted(MOBILES))
def test_a_trunk_prefix_behind_the_country_code_is_dropped(country: str) -> None:
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(country)
    trunk = (metadata.national_prefix or "") if metadata else ""
    number = MOBILES[country]
    national = phonenumbers.national_significant_number(number)
    meant = PhoneNumber(phonenumbers.format_number(number, PhoneNumberFormat.E164), country)
    for typed in (f"+{number.country_code} ({trunk}) {national}", f"{trunk}{national}"):
        assert parse_number(typed, {country}) == meant
