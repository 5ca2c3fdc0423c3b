"""Passcodes: how their digits are made, and what they are judged against."""

import hmac
from collections import Counter
from typing import Any

import bcrypt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from otp_worker.domain.passcode import (
    MAX_LENGTH,
    MIN_LENGTH,
    Derivation,
    code_matches,
    derivation_of,
    derive_code,
    hash_code,
    truncate,
    truncate_wide,
)

KEY, SEED, ID = b"k" * 32, b"s" * 20, "ver_01"
PEPPER = b"p" * 32
ROUNDS = 4

# RFC 4226, appendix D: the HMAC-SHA1 of the counts 0 to 9 under "12345678901234567890", and their codes.
APPENDIX_D = [
    ("cc93cf18508d94934c64b65d8ba7667fb7cde4b0", "755224"),
    ("75a48a19d4cbe100644e8ac1397eea747a2d33ab", "287082"),
    ("0bacb7fa082fef30782211938bc1c5e70416ff44", "359152"),
    ("66c28227d03a2d5529262ff016a1e6ef76557ece", "969429"),
    ("a904c900a64b35909874b33e61c5938a8e15ed1c", "338314"),
    ("a37e783d7b7233c083d4f62926c7a25f238d0316", "254676"),
    ("bc9cd28561042c83f219324d3c607256c03272ae", "287922"),
    ("a4fb960c0bc06e1eabb804e5b397cdc4b45596fa", "162583"),
    ("1b3c89f65e6c9e883012052823443f048b4332db", "399871"),
    ("1637409809a679dc698207310c8c7fc07290d9e5", "520489"),
]


@pytest.mark.parametrize(("mac", "code"), APPENDIX_D)
def test_the_truncation_is_that_of_rfc_4226(mac: str, code: str) -> None:
    assert truncate(bytes.fromhex(mac), 6) == code


def test_the_vectors_were_copied_without_a_mistake() -> None:
    macs = [hmac.digest(b"12345678901234567890", count.to_bytes(8, "big"), "sha1") for count in range(10)]
    assert [mac for mac, _ in APPENDIX_D] == [mac.hex() for mac in macs]


def test_the_sign_bit_is_masked() -> None:
    assert truncate(b"\xff" * 4 + b"\x00" * 16, 10) == "2147483647"


OLD_VECTORS = [
    (0, "7611", "37611", "937611", "4937611", "34937611", "034937611", "0034937611"),
    (1, "6259", "56259", "856259", "1856259", "71856259", "971856259", "1971856259"),
    (2, "6665", "76665", "176665", "9176665", "69176665", "069176665", "1069176665"),
    (7, "0653", "50653", "650653", "6650653", "06650653", "806650653", "0806650653"),
    (255, "2219", "92219", "092219", "7092219", "17092219", "217092219", "0217092219"),
]
"""What the version before derivations were remembered made of a seed, by length."""


@pytest.mark.parametrize("vector", OLD_VECTORS)
@pytest.mark.parametrize("length", range(MIN_LENGTH, MAX_LENGTH + 1))
def test_what_is_not_marked_is_derived_as_it_always_was(vector: tuple[Any, ...], length: int) -> None:
    seed, codes = bytes([vector[0]]) * 20, vector[1:]
    assert derive_code(KEY, seed, ID, length) == codes[length - MIN_LENGTH]


def test_the_longest_codes_alone_are_marked() -> None:
    marks = {length: derivation_of(length) for length in range(MIN_LENGTH, MAX_LENGTH + 1)}
    assert marks == {**dict.fromkeys(range(4, 9)), 9: Derivation.WIDE, 10: Derivation.WIDE}


@pytest.mark.parametrize("length", [9, 10])
def test_every_digit_of_a_long_code_is_as_likely_as_any_other(length: int) -> None:
    codes = [
        derive_code(KEY, n.to_bytes(20, "big"), ID, length, derivation_of(length)) for n in range(20_000)
    ]
    for place in range(length):
        seen = Counter(code[place] for code in codes)
        # Within five standard deviations: 20,000 draws of one in ten have one of 42.
        assert all(abs(seen[digit] - 2000) < 212 for digit in "0123456789"), (place, seen)


def test_the_wide_truncation_reads_63_bits_where_the_last_digit_says() -> None:
    assert truncate_wide(b"\xff" * 8 + b"\x00" * 24, 19) == str(2**63 - 1)
    assert truncate_wide(b"\x00" * 15 + b"\x00" * 7 + b"\x2a" + b"\x00" * 8 + b"\x0f", 10) == "0000000042"


def test_leading_zeros_are_kept() -> None:
    assert truncate(b"\x00\x00\x00\x2a" + b"\x00" * 16, 6) == "000042"


def test_a_verification_has_one_code_however_often_it_is_derived() -> None:
    assert derive_code(KEY, SEED, ID, 6) == derive_code(KEY, SEED, ID, 6)


@pytest.mark.parametrize(
    ("key", "seed", "verification_id"),
    [(b"K" * 32, SEED, ID), (KEY, b"S" * 20, ID), (KEY, SEED, "ver_02")],
    ids=["key", "seed", "id"],
)
def test_another_key_seed_or_id_makes_another_code(key: bytes, seed: bytes, verification_id: str) -> None:
    assert derive_code(key, seed, verification_id, 10) != derive_code(KEY, SEED, ID, 10)


def test_the_code_is_a_truncated_hmac_sha256_of_seed_and_id() -> None:
    assert derive_code(KEY, SEED, ID, 8) == truncate(hmac.digest(KEY, SEED + b"ver_01", "sha256"), 8)


@given(st.binary(min_size=20, max_size=20), st.integers(MIN_LENGTH, MAX_LENGTH))
def test_a_code_is_as_many_ascii_digits_as_were_asked_for(seed: bytes, length: int) -> None:
    code = derive_code(KEY, seed, ID, length)
    assert len(code) == length
    assert code.isascii()
    assert code.isdigit()


def test_lengths_run_from_four_to_ten() -> None:
    assert (MIN_LENGTH, MAX_LENGTH) == (4, 10)


def test_the_right_code_matches_its_hash() -> None:
    assert code_matches(PEPPER, ID, "012345", hash_code(PEPPER, ID, "012345", ROUNDS))


@pytest.mark.parametrize(
    ("pepper", "verification_id", "code"),
    [
        (PEPPER, ID, "012346"),
        (PEPPER, ID, "12345"),
        (PEPPER, ID, "0123450"),
        (PEPPER, ID, ""),
        (PEPPER, "ver_02", "012345"),
        (b"P" * 32, ID, "012345"),
    ],
    ids=["wrong", "zero lost", "digit more", "empty", "of another verification", "under another pepper"],
)
def test_nothing_else_matches(pepper: bytes, verification_id: str, code: str) -> None:
    assert not code_matches(pepper, verification_id, code, hash_code(PEPPER, ID, "012345", ROUNDS))


def test_one_code_hashed_twice_makes_two_hashes_at_the_cost_asked_for() -> None:
    first, second = (hash_code(PEPPER, ID, "012345", ROUNDS) for _ in range(2))
    assert first != second
    assert first.startswith(b"$2b$04$")


@given(st.binary(max_size=100), st.text(max_size=200), st.text(max_size=200))
def test_bcrypt_never_sees_a_nul_or_more_than_72_bytes(
    pepper: bytes, verification_id: str, code: str
) -> None:
    seen: list[bytes] = []

    def spy(password: bytes, _: bytes) -> bytes:
        seen.append(password)
        return b""

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bcrypt, "hashpw", spy)
        hash_code(pepper, verification_id, code, ROUNDS)
    assert [(len(password) <= 72, b"\0" in password) for password in seen] == [(True, False)]
