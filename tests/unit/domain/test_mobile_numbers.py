"""Mobile numbers told by patterns: never another answer than libphonenumber's own."""

from collections.abc import Iterator

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from otp_worker.domain.errors import InvalidFieldError
from otp_worker.domain.mobile_numbers import calling_code, country_of_mobile
from otp_worker.domain.phone_number import PhoneNumber, ask_library, mask

EVERYWHERE = sorted(phonenumbers.SUPPORTED_REGIONS)


def examples(kind: int) -> dict[str, str]:
    """A number of a kind, of every region that has such."""
    found = {region: phonenumbers.example_number_for_type(region, kind) for region in EVERYWHERE}
    return {
        region: phonenumbers.format_number(number, PhoneNumberFormat.E164)
        for region, number in found.items()
        if number is not None
    }


MOBILES = examples(PhoneNumberType.MOBILE)


def neighbours(number: str) -> Iterator[str]:
    """The number, with each of its digits changed to each other one, and a digit shorter and longer."""
    yield from (number, number[:-1], f"{number}0")
    for place in range(1, len(number)):
        for digit in "0123456789":
            if digit != number[place]:
                yield f"{number[:place]}{digit}{number[place + 1 :]}"


def agree(number: str) -> bool:
    """Whether the patterns know the number; the library then says the same."""
    country = country_of_mobile(number)
    if country is not None:
        assert ask_library(number, EVERYWHERE) == PhoneNumber(number, country)
    return country is not None


@pytest.mark.parametrize("region", MOBILES)
def test_the_neighbours_of_every_regions_mobile_numbers_are_what_the_library_says(region: str) -> None:
    known = {number: agree(number) for number in neighbours(MOBILES[region])}
    assert known[MOBILES[region]]


@pytest.mark.parametrize(
    "kind", [kind for kind in PhoneNumberType.values() if kind != PhoneNumberType.MOBILE]
)
def test_numbers_of_every_other_kind_are_what_the_library_says(kind: int) -> None:
    for number in examples(kind).values():
        agree(number)


@given(
    st.from_regex(r"\+[0-9]{5,17}", fullmatch=True)
    | st.sampled_from(list(MOBILES.values())).map(lambda n: n[:-2])
)
def test_any_digits_are_what_the_library_says(number: str) -> None:
    agree(number)


@given(st.text(max_size=20) | st.from_regex(r"\+?[0-9]{1,17}", fullmatch=True))
def test_the_calling_code_is_the_librarys_where_it_is_known(text: str) -> None:
    code = calling_code(text)
    if code is not None:
        assert phonenumbers.parse(text).country_code == int(code)
        assert mask(text).startswith(f"+{code}*")


@pytest.mark.parametrize(
    "text", ["447400123456", "+44 7400 123456", "+447400123456\n", "+\u0664\u0664 7400123456", ""]
)
def test_only_plain_e164_is_not_left_to_the_library(text: str) -> None:
    assert country_of_mobile(text) is None


def test_a_number_that_is_no_mobile_number_is_refused_in_the_librarys_words() -> None:
    assert country_of_mobile("+442079460958") is None
    with pytest.raises(InvalidFieldError, match="a fixed line"):
        ask_library("+442079460958", EVERYWHERE)
