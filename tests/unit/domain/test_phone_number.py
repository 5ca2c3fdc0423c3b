"""Phone numbers: many spellings, one number, and none that cannot receive an SMS."""

import re
from collections.abc import Collection
from itertools import product

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from otp_worker.domain.errors import CountryNotAllowedError, InvalidFieldError, OtpError
from otp_worker.domain.phone_number import (
    FOUND_IN,
    WITHOUT_MOBILES,
    PhoneNumber,
    country_of,
    mask,
    parse_number,
)

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
    [
        ("+447400123456", "+44********56"),
        ("+14155552671", "+1********71"),
        ("+35312345678", "+353******78"),
    ],
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


@pytest.mark.parametrize(
    ("typed", "country", "number"),
    [
        ("0011 61 412 345 678", "AU", "+61412345678"),
        ("0061 412 345 678", "AU", "+61412345678"),
        ("001 852 5123 4567", "HK", "+85251234567"),
        ("00700 82 10 2000 0000", "KR", "+821020000000"),
        ("0082 10 2000 0000", "KR", "+821020000000"),
        ("0015 55 11 96123 4567", "BR", "+5511961234567"),
        ("8~10 7 912 345 67 89", "RU", "+79123456789"),
        ("8 912 345-67-89", "RU", "+79123456789"),
        ("010 81 90 1234 5678", "JP", "+819012345678"),
        ("011 1 415 555 2671", "US", "+14155552671"),
        ("001 415 555 2671", "US", "+14155552671"),
        ("0065 9123 4567", "SG", "+6591234567"),
    ],
)
def test_the_single_allowed_country_is_asked_first_for_its_prefix(
    typed: str, country: str, number: str
) -> None:
    assert parse_number(typed, {country}) == PhoneNumber(number, country)


@pytest.mark.parametrize(
    ("typed", "countries", "number"),
    [
        ("0044 7400 123456", {"GB", "US"}, "+447400123456"),
        ("0044 7400 123456", {"GB", "AU", "BR"}, "+447400123456"),
        ("0011 44 7400 123456", {"GB", "AU"}, "+447400123456"),
        ("011 44 7400 123456", {"GB", "US"}, "+447400123456"),
        ("0049 176 12345678", {"DE", "FR"}, "+4917612345678"),
        ("001 415 555 2671", {"CA", "US"}, "+14155552671"),
    ],
)
def test_a_prefix_that_can_mean_one_number_alone_is_read(
    typed: str, countries: Collection[str], number: str
) -> None:
    assert parse_number(typed, countries).e164 == number


@pytest.mark.parametrize(
    ("typed", "countries"),
    [
        ("001 47 9226 1234", {"HK", "NO", "US"}),  # 001 from Hong Kong to Norway, or 00 to the United States
        ("0049 176 12345678", {"DE", "IN", "TH"}),  # 00 to Germany, or 004 from Thailand to India
        ("010 5005 1234", {"FK", "JP", "KR"}),  # a mobile number of Korea, or 010 from Japan to the Falklands
    ],
)
def test_a_prefix_that_can_mean_several_numbers_is_refused_and_a_plus_asked_for(
    typed: str, countries: Collection[str]
) -> None:
    with pytest.raises(InvalidFieldError, match=r"several countries; give it with \+") as refusal:
        parse_number(typed, countries)
    assert refusal.value.field == "to"


def prefixes() -> dict[str, tuple[str, ...]]:
    """The international prefixes of each country: all of up to four digits, and of five behind 00."""
    digits = ["".join(each) for size in range(1, 5) for each in product("0123456789", repeat=size)]
    digits += [f"00{each}" for each in digits if len(each) == 3]
    forms = {
        country: metadata.international_prefix
        for country in sorted(EVERYWHERE)
        if (metadata := phonenumbers.PhoneMetadata.metadata_for_region(country))
        and metadata.international_prefix
    }
    dialled = {
        form: tuple(each for each in digits if re.fullmatch(form, each)) or ("0011",)
        for form in set(forms.values())
    }
    return {country: dialled[form] for country, form in forms.items()}


PREFIXES = prefixes()


# One country for each list of prefixes: most have 00 alone.
@pytest.mark.parametrize("dialled_in", sorted({of: country for country, of in PREFIXES.items()}.values()))
def test_a_number_behind_any_countrys_prefix_is_never_another_number(dialled_in: str) -> None:
    for country, number in MOBILES.items():
        meant = PhoneNumber(phonenumbers.format_number(number, PhoneNumberFormat.E164), country)
        for prefix in PREFIXES[dialled_in][:4]:
            typed = f"{prefix} {meant.e164[1:]}"
            for countries in ({country}, {dialled_in, country}):
                assert read(typed, countries) in (meant, None), (typed, countries)


@given(st.sampled_from(sorted(MOBILES)), st.sets(st.sampled_from(sorted(MOBILES)), min_size=2))
def test_a_national_number_is_never_another_countrys(country: str, others: set[str]) -> None:
    assert read(NATIONAL[country], others | {country}) is None or NATIONAL[country].startswith("+")


@given(st.data())
def test_any_mobile_number_behind_any_prefix_is_itself_or_refused(data: st.DataObject) -> None:
    country, number = data.draw(st.sampled_from(sorted(MOBILES)).flatmap(mobiles_of))
    dialled_in = data.draw(st.sampled_from(sorted(PREFIXES)))
    others = data.draw(st.sets(st.sampled_from(sorted(MOBILES)), max_size=5))
    typed = data.draw(st.sampled_from(PREFIXES[dialled_in])) + number[1:]
    meant = read(number, EVERYWHERE)
    for countries in ({country}, {dialled_in, country}, {dialled_in, country} | others, EVERYWHERE):
        assert read(typed, countries) in (meant, None)


def read(typed: str, countries: Collection[str]) -> PhoneNumber | None:
    """The number that is read; None where it is refused."""
    try:
        return parse_number(typed, countries)
    except OtpError:
        return None


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
