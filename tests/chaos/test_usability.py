"""A code that was sent must be the one that its hash is of."""

from otp_worker.chaos.rules import Breach
from otp_worker.chaos.usability import wrong_hashes
from otp_worker.codes import hash_code
from otp_worker.keyring import Keyring
from otp_worker.model import VerificationStatus
from tests.chaos.records import VERIFICATION, records, verification

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


def test_what_is_over_needs_no_hash() -> None:
    assert breaches(None, VerificationStatus.EXPIRED) == []
