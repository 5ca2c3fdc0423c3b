"""Step 3 against a real database, alone and in parallel."""

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest

from otp_worker.domain.errors import NotFoundError, VerificationEndedError
from otp_worker.domain.keyring import Keyring
from otp_worker.domain.verification import Verification, VerificationStatus
from otp_worker.verify import CheckResult
from tests.contract.service import NUMBER, SHOP, Service, wrong

PARALLEL = 100
ENTRIES = 8


def test_the_right_code_approves_once(service: Service) -> None:
    verification, code = service.sent()
    result = service.check(verification, code)
    assert (result.status, result.valid, result.checks_left) == (VerificationStatus.APPROVED, True, 4)
    with pytest.raises(VerificationEndedError) as again:
        service.check(verification, code)
    assert again.value.status == VerificationStatus.APPROVED


def test_five_wrong_codes_end_it_and_the_right_one_comes_too_late(service: Service) -> None:
    verification, code = service.sent()
    results = [service.check(verification, wrong(code)) for _ in range(5)]
    assert [result.checks_left for result in results] == [4, 3, 2, 1, 0]
    assert [result.status for result in results[:4]] == [VerificationStatus.PENDING] * 4
    assert results[4].status is VerificationStatus.MAX_CHECKS_REACHED
    with pytest.raises(VerificationEndedError) as late:
        service.check(verification, code)
    assert late.value.status == VerificationStatus.MAX_CHECKS_REACHED


def test_a_code_is_right_until_the_instant_it_expires(service: Service) -> None:
    verification, code = service.sent()
    service.clock.move(299.999)
    assert service.check(verification, code).valid


def test_a_code_is_over_at_the_instant_it_expires_without_any_sweep(service: Service) -> None:
    verification, code = service.sent()
    service.clock.move(300)
    with pytest.raises(VerificationEndedError) as late:
        service.check(verification, code)
    assert late.value.status == VerificationStatus.EXPIRED


def test_before_anything_is_sent_no_code_is_right_and_no_check_is_used_up(service: Service) -> None:
    verification = service.issue()
    result = service.check(verification, "123456")
    assert (result.valid, result.status, result.checks_left) == (False, VerificationStatus.PENDING, 5)


def test_a_code_whose_root_secret_was_taken_away_is_over(service: Service) -> None:
    verification, code = service.sent()
    another = Keyring(["another root secret, long enough for all"])
    service.verifier = replace(service.verifier, keyring=another)
    with pytest.raises(VerificationEndedError):
        service.check(verification, code)


def test_a_check_by_number_takes_the_newest_pending_one(service: Service) -> None:
    older, _ = service.sent()
    service.clock.move(1)
    newer, code = service.sent()
    result = service.verifier.check_number(" +44 7400 123456", code, SHOP.name)
    assert (result.id, result.valid) == (newer.id, True)
    assert service.read(older).checks == 0


def test_a_check_by_number_passes_over_what_is_over(service: Service) -> None:
    older, code = service.sent()
    service.clock.move(1)
    newer, _ = service.sent()
    service.issuer.cancel(newer.id, SHOP, service.clock())
    assert service.verifier.check_number(NUMBER, code, SHOP.name).id == older.id


def test_a_number_without_a_pending_verification_is_not_found(service: Service) -> None:
    with pytest.raises(NotFoundError):
        service.verifier.check_number(NUMBER, "123456", SHOP.name)


def _at_once(service: Service, verification_id: str, codes: list[str]) -> list[str]:
    barrier = Barrier(len(codes))

    def check(code: str) -> str:
        barrier.wait()
        try:
            return (
                "valid" if service.verifier.check(verification_id, code, SHOP.name).valid else "judged wrong"
            )
        except VerificationEndedError:
            return "refused"

    with ThreadPoolExecutor(len(codes)) as pool:
        return list(pool.map(check, codes))


def test_of_a_hundred_right_codes_at_once_five_are_judged_at_most_and_one_approves(service: Service) -> None:
    verification, code = service.sent()
    answers = _at_once(service, verification.id, [code] * PARALLEL)
    assert answers.count("valid") == 1
    assert answers.count("refused") == PARALLEL - 1
    found = service.read(verification)
    assert found.status is VerificationStatus.APPROVED
    assert 1 <= found.checks <= 5


@pytest.mark.parametrize("rounds", [100, pytest.param(1000, marks=pytest.mark.nightly)])
def test_round_after_round_at_most_five_are_judged_and_one_approves(service: Service, rounds: int) -> None:
    """Right and wrong codes at once, in an order that is another one each time."""
    chance = random.Random(rounds)
    with ThreadPoolExecutor(ENTRIES) as pool:
        for number in range(rounds):
            verification, code = service.sent(f"+447400{number:06d}")
            codes = [code, code, *[wrong(code)] * (ENTRIES - 2)]
            chance.shuffle(codes)

            def check(entered: str, verification: Verification = verification) -> CheckResult | None:
                try:
                    return service.check(verification, entered)
                except VerificationEndedError:
                    return None

            judged = [result for result in pool.map(check, codes) if result is not None]
            assert len(judged) <= 5
            assert sum(result.valid for result in judged) <= 1
            found = service.read(verification)
            assert found.checks <= 5
            approved = found.status is VerificationStatus.APPROVED
            assert approved == any(result.valid for result in judged)


def test_of_a_hundred_wrong_codes_at_once_five_are_judged(service: Service) -> None:
    verification, code = service.sent()
    answers = _at_once(service, verification.id, [wrong(code)] * PARALLEL)
    assert answers.count("judged wrong") == 5
    assert service.read(verification).status is VerificationStatus.MAX_CHECKS_REACHED
    assert service.read(verification).checks == 5


def test_a_right_code_that_was_counted_is_not_cut_off_by_wrong_ones(service: Service) -> None:
    for _ in range(5):
        verification, code = service.sent()
        answers = _at_once(service, verification.id, [wrong(code)] * 4 + [code])
        assert answers.count("valid") == 1
