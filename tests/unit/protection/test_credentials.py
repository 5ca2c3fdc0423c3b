"""What an app shows to be known."""

from base64 import b64encode

import pytest

from otp_worker.domain.errors import UnauthenticatedError
from otp_worker.protection.credentials import hash_of_bearer, hash_of_pair, new_key, new_pair


def basic(pair: str) -> str:
    return f"Basic {b64encode(pair.encode()).decode()}"


def test_a_pair_is_found_by_http_basic_whatever_the_scheme_is_spelled_like() -> None:
    pair = new_pair("shop", test=False)
    for header in (basic(pair.text), basic(pair.text).replace("Basic", "basic")):
        assert hash_of_pair(header) == pair.hash


def test_an_account_goes_by_the_name_of_an_api_key_too() -> None:
    pair = new_pair("shop", test=False)
    assert hash_of_pair(basic(pair.text.replace("AC", "SK", 1))) == pair.hash


def test_a_token_is_good_for_its_own_account_alone() -> None:
    shop, bank = new_pair("shop", test=False), new_pair("bank", test=False)
    mixed = f"{bank.text.partition(':')[0]}:{shop.text.partition(':')[2]}"
    assert hash_of_pair(basic(mixed)) not in (shop.hash, bank.hash)
    assert new_pair("shop", test=True).text[:34] != shop.text[:34]


def test_the_token_is_not_shown_with_what_it_is_part_of() -> None:
    pair = new_pair("shop", test=False)
    assert pair.text.partition(":")[2] not in repr(pair)
    assert len(pair.hint) <= 24


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Basic",
        "Basic ",
        "Basic !",
        "Basic \u00e9",
        basic("AC:x"),
        basic(""),
        basic("AC" + "0" * 32),
        basic("AC" + "0" * 32 + ":"),
        basic("AC" + "0" * 32 + ":" + "a" * 38),
        basic("AC" + "0" * 32 + ":" + "\u00e9" * 38),
        basic("AC" + "0" * 32 + ":" + "a" * 38 + "\n"),
        pytest.param(basic(new_key(test=False).text), id="a key in place of a pair"),
        pytest.param(f"Bearer {new_key(test=False).text}", id="a key"),
    ],
)
def test_what_is_no_pair_is_refused_without_asking_a_database(header: str | None) -> None:
    with pytest.raises(UnauthenticatedError):
        hash_of_pair(header)


def test_a_pair_is_no_key_and_a_key_no_pair() -> None:
    pair = new_pair("shop", test=False)
    for header in (basic(pair.text), f"Bearer {pair.text}"):
        with pytest.raises(UnauthenticatedError):
            hash_of_bearer(header)
