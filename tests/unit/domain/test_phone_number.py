"""Phone numbers: many spellings, one number, and none that cannot receive an SMS."""

import re
from collections.abc import Collection

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from otp_worker.domain.errors import CountryNotAllowedError, InvalidFieldError, OtpError
from otp_worker.domain.phone_number import FOUND_IN, WITHOUT_MOBILES, PhoneNumber, mask, parse_number

COUNTRIES = frozenset({"DE", "GB"})
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


@pytest.mark.parametrize(
    "spelling",
    [
        "+447400123456",
        "+44 7400 123456",
        "+44 (0)7400-123.456",
        "(+44) 7400 123456",
        "+(44) 7400 123456",
        "  +447400123456  ",
        "00447400123456",
        "0044 7400 123456",
        "\uff0b447400123456",  # full-width plus
        "+\uff14\uff14\uff17\uff14\uff10\uff10\uff11\uff12\uff13\uff14\uff15\uff16",  # full-width digits
        "+44\u200b7400\u200d123\u2060456",  # zero-width space, joiner and word joiner
        "\ufeff+447400123456",  # byte order mark
        "\u202a+447400123456\u202c",  # direction marks of a copied contact
        "\u2066+44 7400 123456\u2069",
        "+44\u00a07400\u202f123456",  # no-break spaces
    ],
)
def test_every_usual_spelling_is_one_number(spelling: str) -> None:
    assert parse_number(spelling, COUNTRIES) == NUMBER


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "+",
        "+447400123456\n",
        "+447400\n123456",
        "+447400123456\r\nBcc: x",
        "\t+447400123456",
        "+447400123456\0",
        "+447400123456;ext=99",
        "+447400123456 ext 99",
        "+447400123456 x99",
        "+44 7400 CALLME",
        "my number",
        "tel:+447400123456",
        "+\u0664\u0664\u0667\u0664\u0660\u0660\u0661\u0662\u0663\u0664\u0665\u0666",  # Arabic-Indic digits
        "++447400123456",
        "+44+7400123456",
        "+447400123456,+447400123457",
        "1" * 5000,
    ],
)
def test_what_is_no_usual_spelling_is_refused(text: str) -> None:
    with pytest.raises(InvalidFieldError, match="international form") as refusal:
        parse_number(text, COUNTRIES)
    assert refusal.value.field == "to"


@pytest.mark.parametrize(
    ("number", "why"),
    [
        ("+442079460958", "a fixed line"),
        ("+449061234567", "a premium-rate number"),
        ("+448001111111", "a toll-free number"),
        ("+445612345678", "a VoIP number"),
        ("+447640123456", "a pager"),
        ("+4474001234", "length"),
        ("+44740012345678", "length"),
        ("+999123456789", "country calling code"),
    ],
)
def test_a_number_that_no_sms_can_reach_is_refused_with_the_reason(number: str, why: str) -> None:
    with pytest.raises(InvalidFieldError, match=why) as refusal:
        parse_number(number, COUNTRIES)
    assert refusal.value.field == "to"
    assert number[-6:] not in str(refusal.value)


@pytest.mark.parametrize(("number", "country"), [("+33612345678", "FR"), ("+14155552671", "US")])
def test_a_country_that_is_not_listed_is_not_allowed(number: str, country: str) -> None:
    with pytest.raises(CountryNotAllowedError, match=f"numbers of {country}") as refusal:
        parse_number(number, COUNTRIES)
    assert refusal.value.country == country


def test_a_neighbour_behind_the_same_calling_code_is_another_country() -> None:
    # Guernsey's mobiles are +44 too, and cost what the operator did not bargain for.
    with pytest.raises(CountryNotAllowedError, match="numbers of GG"):
        parse_number("+447781123456", COUNTRIES)


def test_a_national_spelling_is_of_the_single_allowed_country() -> None:
    assert parse_number("07400 123456", {"GB"}) == NUMBER


def test_a_national_spelling_says_nothing_where_several_countries_are_allowed() -> None:
    with pytest.raises(InvalidFieldError, match="country calling code"):
        parse_number("07400 123456", COUNTRIES)


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("+447400123456", "+44********56"),
        ("+14155552671", "+1********71"),
        ("+35312345678", "+353******78"),
    ],
)
def test_a_mask_shows_country_code_and_last_two_digits(number: str, masked: str) -> None:
    assert mask(number) == masked


def test_a_parsed_number_masks_itself() -> None:
    assert NUMBER.masked == "+44********56"


@given(st.text(max_size=40) | st.from_regex(r"\+?[0-9]{0,20}", fullmatch=True))
def test_a_mask_of_anything_shows_at_most_a_country_code_and_two_characters(text: str) -> None:
    shown = mask(text)
    code, stars, tail = re.fullmatch(r"(\+[0-9]{1,3})?(\*+)(.{0,2})", shown, re.DOTALL).groups()  # type: ignore[union-attr]
    assert code is None or int(code) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE
    assert len(stars) >= 3
    assert text.endswith(tail)


@given(
    st.text()
    | st.from_regex(r"(\+|00)?[0-9][0-9 ().\-/]{3,20}", fullmatch=True)
    | st.sampled_from([*NATIONAL.values(), *INTERNATIONAL.values()]),
    st.sets(st.sampled_from(sorted(phonenumbers.SUPPORTED_REGIONS)), min_size=1, max_size=3)
    | st.just(phonenumbers.SUPPORTED_REGIONS),
)
def test_any_text_is_refused_or_one_number_that_reads_back_as_itself(
    text: str, countries: Collection[str]
) -> None:
    try:
        number = parse_number(text, countries)
    except OtpError:
        return
    assert E164.fullmatch(number.e164)
    assert number.country in countries
    assert parse_number(number.e164, countries) == number


@pytest.mark.parametrize("country", MOBILES)
def test_every_country_may_spell_its_own_numbers_as_it_prints_them(country: str) -> None:
    number = PhoneNumber(phonenumbers.format_number(MOBILES[country], PhoneNumberFormat.E164), country)
    assert parse_number(NATIONAL[country], {country}) == number
    assert parse_number(INTERNATIONAL[country], MOBILES) == number


def test_nearly_every_country_has_numbers_of_its_own() -> None:
    assert len(MOBILES) > 225


def mobile_form(code: str) -> str | None:
    """What ``phonenumbers`` knows of the form of a territory's mobile numbers, a regular expression."""
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(code)
    return metadata.mobile.national_number_pattern if metadata and metadata.mobile else None


def mobiles_of(code: str) -> st.SearchStrategy[tuple[str, str]]:
    """Any mobile number of a territory, with its code."""
    start = f"+{phonenumbers.country_code_for_region(code)}"
    digits = st.from_regex(mobile_form(code) or "", fullmatch=True, alphabet="0123456789")
    return digits.map(lambda each: (code, start + each))


@given(st.sampled_from(sorted(FOUND_IN)).flatmap(mobiles_of))
def test_no_number_of_some_territories_is_ever_found_in_them(drawn: tuple[str, str]) -> None:
    code, number = drawn
    assert parse_number(number, phonenumbers.SUPPORTED_REGIONS).country == FOUND_IN[code]


def test_every_other_country_has_mobile_numbers_that_are_found_in_it() -> None:
    others = phonenumbers.SUPPORTED_REGIONS - FOUND_IN.keys() - WITHOUT_MOBILES
    # The example of the Isle of Man is one of those that are found in Great Britain.
    assert set(MOBILES) == others - {"IM"}
    assert parse_number("+447624123456", {"IM"}).country == "IM"


def test_a_country_without_mobile_numbers_has_none() -> None:
    assert [code for code in WITHOUT_MOBILES if mobile_form(code)] == []
