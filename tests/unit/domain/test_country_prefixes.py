"""Numbers behind the international prefix of a country, and the numbering plans of all countries."""

import re
from collections.abc import Collection
from itertools import product

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat

from otp_worker.domain.errors import InvalidFieldError
from otp_worker.domain.phone_number import FOUND_IN, WITHOUT_MOBILES, PhoneNumber, parse_number
from tests.unit.domain.every_country import EVERYWHERE, INTERNATIONAL, MOBILES, NATIONAL, read


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
