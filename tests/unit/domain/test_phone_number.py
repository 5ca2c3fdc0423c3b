"""Phone numbers: many spellings, one number, and none that cannot receive an SMS."""

import re
from collections.abc import Collection

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from otp_worker.domain.errors import CountryNotAllowedError, InvalidFieldError, OtpError
from otp_worker.domain.phone_number import country_of, mask, parse_number
from tests.unit.domain.every_country import COUNTRIES, DASHES, E164, INTERNATIONAL, NATIONAL, NUMBER


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
        *(f"+44 7400{dash}123456" for dash in DASHES),
        "+ 44 7400 123456",
        "++447400123456",
        "[+44] 7400 123456",
        "[+44] [0] 7400 / 123456",
        "<+447400123456>",
        "+44 7400 123456.",
        "+447400123456\n",
        "\t+447400123456",
        "tel:+447400123456",
        "TEL:+44-7400-123456",
        "tel:7400-123456;phone-context=+44",
        "Tel:+44-7400-123456;isub=1",
        "tel:+447400123456;isub=1",
        "Mobile: +44 7400 123456",
        "+\u0664\u0664\u0667\u0664\u0660\u0660\u0661\u0662\u0663\u0664\u0665\u0666",  # Arabic-Indic digits
        "+\u06f4\u06f4 \u06f7\u06f4\u06f0\u06f0 \u06f1\u06f2\u06f3\u06f4\u06f5\u06f6",  # Persian digits
        "(00) 44 7400 123456",
        "0 0 44 7400 123456",
    ],
    ids=ascii,
)
def test_whatever_libphonenumber_reads_is_one_number(spelling: str) -> None:
    assert parse_number(spelling, COUNTRIES) == NUMBER


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "+",
        "+447400\n123456",
        "+447400123456\r\nBcc: x",
        "+447400\x00123456",
        "+447400123456;ext=99",
        "tel:+447400123456;ext=99",
        "tel:+447400123456;phone-context=+49;ext=1",
        "+447400123456 ext 99",
        "+447400123456 x99",
        "+44 7400 CALLME",
        "my number",
        "+44 7400 12345 or 6",
        "tel:+44-7400-CALLME;isub=1",
        "+447400123456\nor 6",
        "+44~7400~123456",  # an extension to libphonenumber
        "+44 7400 123456 (mobile)",
        "+44+7400123456",
        "+0044 7400 123456",
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


@pytest.mark.parametrize("typed", ["07400 123456", "7400 123456", "447400123456"])
def test_a_national_spelling_says_nothing_where_several_countries_are_allowed(typed: str) -> None:
    with pytest.raises(InvalidFieldError, match="country calling code"):
        parse_number(typed, COUNTRIES)


@pytest.mark.parametrize(
    ("number", "masked"),
    [("+447400123456", "+44********56"), ("+14155552671", "+1********71"), ("+35312345678", "+353******78")],
)
def test_a_mask_shows_country_code_and_last_two_digits(number: str, masked: str) -> None:
    assert mask(number) == masked


@pytest.mark.parametrize(
    ("number", "country"),
    [
        ("+447400123456", "GB"),
        ("+447781123456", "GG"),
        ("+4479999999999999", "GB"),
        ("+999123", "ZZ"),
        ("", "ZZ"),
    ],
)
def test_the_country_of_any_number_is_told(number: str, country: str) -> None:
    assert country_of(number) == country


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
