"""A code that was sent must be the one that its hash is of."""

import random
from collections.abc import Mapping

import pytest
import time_machine

from otp_worker.devtools.chaos.breaches import Breach
from otp_worker.devtools.chaos.client import Client
from otp_worker.devtools.chaos.doors import Door, Wish
from otp_worker.devtools.chaos.usability import wrong_checks, wrong_hashes
from otp_worker.domain.keyring import Keyring
from otp_worker.domain.passcode import hash_code, linked
from otp_worker.domain.verification import VerificationStatus
from tests.devtools.chaos.records import VERIFICATION, after, records, request, verification

KEYRING = Keyring(["a root secret for tests, long enough"])
PEPPER = KEYRING.pepper(KEYRING.newest)


def breaches(
    code_hash: bytes | None, status: VerificationStatus = VerificationStatus.PENDING
) -> list[Breach]:
    row = verification(key_id=KEYRING.newest, code_hash=code_hash, status=status)
    return [finding.breach for finding in wrong_hashes(records(verifications=[row]), KEYRING)]


def test_the_code_that_was_sent_is_the_one_that_is_accepted() -> None:
    assert breaches(hash_code(PEPPER, VERIFICATION, "123456", 4)) == []


def test_another_codes_hash_is_found_out() -> None:
    assert breaches(hash_code(PEPPER, VERIFICATION, "654321", 4)) == [Breach.UNUSABLE]


def test_a_code_that_was_sent_without_a_hash_is_found_out() -> None:
    assert breaches(None) == [Breach.UNUSABLE]


def test_a_code_for_a_payment_is_judged_with_its_payment() -> None:
    payment = {"amount": "12.50", "currency": "GBP", "payee": "Corner Shop"}
    wish = Wish(Door.PAYMENT, payment)
    assert wish.link == '["12.50","GBP","Corner Shop"]'
    for link, found in [(wish.link, []), ("", [Breach.UNUSABLE])]:
        row = verification(
            key_id=KEYRING.newest, code_hash=hash_code(PEPPER, VERIFICATION, linked("123456", link), 4)
        )
        asked = records(requests=[request(wish=wish)], verifications=[row])
        assert [each.breach for each in wrong_hashes(asked, KEYRING)] == found


def test_a_message_needs_no_hash_and_is_entered_nowhere() -> None:
    found = records(verifications=[verification(is_message=True, code_hash=None)])
    assert list(wrong_hashes(found, KEYRING)) == []
    with time_machine.travel(after(100), tick=False):
        assert list(wrong_checks(found, Entered(), random.Random(1))) == []


class Payee(Client):
    """An intake that takes a code for right once, and with ``any_payee`` whoever is paid."""

    def __init__(self, *, any_payee: bool) -> None:
        self.entered: list[Mapping[str, str]] = []
        self._any_payee = any_payee

    def check(self, verification_id: str, code: str, payment: Mapping[str, str]) -> bool | None:
        is_right = self._any_payee or payment["payee"] == "Corner Shop"
        is_first = is_right and payment not in self.entered
        self.entered.append(payment)
        return is_first


@pytest.mark.parametrize(("any_payee", "found"), [(False, []), (True, [Breach.UNUSABLE])])
def test_a_code_for_a_payment_is_entered_for_another_payee_before(
    any_payee: bool, found: list[Breach]
) -> None:
    payment = {"amount": "12.50", "currency": "GBP", "payee": "Corner Shop"}
    asked = records(requests=[request(wish=Wish(Door.PAYMENT, payment))])
    intake = Payee(any_payee=any_payee)
    with time_machine.travel(after(100), tick=False):
        findings = list(wrong_checks(asked, intake, random.Random(1)))
    assert [finding.breach for finding in findings] == found
    assert intake.entered == [payment | {"payee": "Somebody Else"}, payment, payment, payment]


def test_what_is_over_needs_no_hash() -> None:
    assert breaches(None, VerificationStatus.EXPIRED) == []


class Entered(Client):
    """An intake at which every code is wrong; remembers what was entered."""

    def __init__(self) -> None:
        self.ids: list[str] = []

    def check(self, verification_id: str, code: str, payment: Mapping[str, str]) -> bool | None:
        self.ids.append(verification_id)
        return False


@pytest.mark.parametrize(("seconds", "found"), [(100, [Breach.UNUSABLE]), (280, [])])
def test_codes_are_entered_that_live_long_enough_for_it(seconds: float, found: list[Breach]) -> None:
    """Verifications end after 300 seconds here; one that ends while it is looked at is no breach."""
    intake = Entered()
    with time_machine.travel(after(seconds), tick=False):
        findings = list(wrong_checks(records(), intake, random.Random(1)))
    assert [finding.breach for finding in findings] == found
    assert intake.ids == [VERIFICATION] * 3 * len(found)
