"""A link's signature, seal and result, under one root secret and after another has come."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from otp_worker.domain.entry_link import EntryKeys, EntryLink, Outcome, leads_to, with_result
from otp_worker.domain.keyring import Keyring
from otp_worker.domain.sealing import BrokenSealError

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
OLD, NEW = "the first root secret of this test", "the second root secret of this test"
LINK_ID = "lnk_01M8Y3Z6Q0V5XJ7K2N4B9C8D1F"
OTHER_ID = "lnk_01M8Y3Z6Q0V5XJ7K2N4B9C8D1G"
BEFORE, AFTER, LATER = (EntryKeys(Keyring(roots)) for roots in ([OLD], [NEW, OLD], [NEW]))


def link(keys: EntryKeys) -> EntryLink:
    sealed = keys.seal("what was asked for", LINK_ID, b"n" * 12)
    made = EntryLink(LINK_ID, "shop", b"k" * 32, b"n" * 32, sealed, AT, AT)
    return replace(made, outcome=Outcome.APPROVED, outcome_at=AT, verification_id="ver_1")


def test_a_token_is_good_for_its_own_link_and_as_long_as_its_root_secret() -> None:
    token = BEFORE.token(LINK_ID)
    assert BEFORE.link_id(token) == AFTER.link_id(token) == LINK_ID
    assert LATER.link_id(token) is None
    assert BEFORE.link_id(token.replace(LINK_ID, OTHER_ID)) is None
    for changed in (token[:-1], f"{token}0", token.upper(), f"{token}\n", "", "\u00e9"):
        assert BEFORE.link_id(changed) is None


def test_what_is_sealed_opens_for_its_own_link_alone() -> None:
    sealed = BEFORE.seal("what was asked for", LINK_ID, b"n" * 12)
    assert b"asked" not in sealed
    assert AFTER.open(sealed, LINK_ID) == "what was asked for"
    for keys, given, link_id in (
        (LATER, sealed, LINK_ID),
        (BEFORE, sealed, OTHER_ID),
        (BEFORE, b"", LINK_ID),
    ):
        with pytest.raises(BrokenSealError):
            keys.open(given, link_id)


def test_a_result_keeps_its_secret_when_a_root_secret_comes() -> None:
    made = link(BEFORE)
    result = AFTER.sign(made, "https://otp.example.com", "shop")
    assert result == BEFORE.sign(made, "https://otp.example.com", "shop")
    assert AFTER.is_result_of(result, made, "https://otp.example.com", "shop")
    assert not AFTER.is_result_of(result, made, "https://otp.example.com", "bank")
    declined = replace(made, outcome=Outcome.NOT_MY_NUMBER)
    assert not AFTER.is_result_of(result, declined, "https://otp.example.com", "shop")
    assert not LATER.is_result_of(result, made, "https://otp.example.com", "shop")


def test_a_link_without_an_outcome_has_no_result() -> None:
    with pytest.raises(LookupError):
        BEFORE.sign(replace(link(BEFORE), outcome=None), "https://otp.example.com", "shop")


def test_a_way_back_ends_at_the_origin_that_is_set() -> None:
    assert leads_to("https://shop.example/a?b=c", "https://shop.example")
    assert not leads_to("https://shop.example/a", None)
    assert not leads_to("https://shop.example/a", "https://other.example")
    assert with_result("https://shop.example/a?b=c", "x.y.z") == "https://shop.example/a?b=c&result=x.y.z"
    assert with_result("https://shop.example/a", "x.y.z") == "https://shop.example/a?result=x.y.z"
