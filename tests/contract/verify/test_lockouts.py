"""Guessing against a number, across codes, resends and parallel requests."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import select, update

from otp_worker.domain.app import App
from otp_worker.domain.errors import NumberLockedError, NumberReportedError
from otp_worker.domain.lockout import FREE_FAILURES, HARD_CAP
from otp_worker.store import lockouts
from otp_worker.store.database import Database
from otp_worker.store.schema import number_guards
from tests.contract.service import NUMBER, ROOT_SECRET, Service, wrong


def guess(service: Service, times: int) -> None:
    """That many wrong codes, over as many verifications as it takes."""
    while times:
        verification, code = service.sent()
        for _ in range(min(times, 5)):
            service.check(verification, wrong(code))
            times -= 1


def test_the_tenth_wrong_code_locks_the_number_for_thirty_seconds(service: Service) -> None:
    guess(service, FREE_FAILURES)
    verification, code = service.sent()
    with pytest.raises(NumberLockedError) as locked:
        service.check(verification, code)
    assert locked.value.retry_at == service.clock() + timedelta(seconds=30)
    service.clock.move(30)
    assert service.check(verification, code).valid


def test_guess_resend_guess_is_locked_too(service: Service) -> None:
    verification, code = service.sent()
    for _ in range(4):
        service.check(verification, wrong(code))
    service.clock.move(31)
    service.resend(verification)
    service.deliver(verification, 2)
    service.check(verification, wrong(code))
    guess(service, 5)
    with pytest.raises(NumberLockedError):
        guess(service, 1)


def test_every_further_failure_doubles_the_lock(service: Service) -> None:
    guess(service, FREE_FAILURES)
    for seconds in (30, 60, 120, 240):
        verification, code = service.sent()
        with pytest.raises(NumberLockedError) as locked:
            service.check(verification, code)
        assert locked.value.retry_at == service.clock() + timedelta(seconds=seconds)
        service.clock.move(seconds)
        verification, code = service.sent()
        service.check(verification, wrong(code))


def test_a_locked_check_uses_nothing_up(service: Service) -> None:
    guess(service, FREE_FAILURES)
    verification, code = service.sent()
    for _ in range(20):
        with pytest.raises(NumberLockedError):
            service.check(verification, code)
    assert service.read(verification).checks == 0


def test_a_right_code_forgets_the_failures(service: Service) -> None:
    guess(service, FREE_FAILURES - 1)
    verification, code = service.sent()
    assert service.check(verification, code).valid
    guess(service, FREE_FAILURES)


def test_another_number_is_not_locked(service: Service) -> None:
    guess(service, FREE_FAILURES)
    verification, code = service.sent("+447400999999")
    assert service.check(verification, code).valid


def test_the_hard_cap_holds_until_an_operator_unlocks(service: Service) -> None:
    guess(service, 1)
    with service.db.write() as connection:
        connection.execute(update(number_guards).values(failed_checks=HARD_CAP, locked_until=None))
    verification, code = service.sent()
    service.clock.move(200)
    with pytest.raises(NumberLockedError) as locked:
        service.check(verification, code)
    assert locked.value.retry_at is None
    assert lockouts.unlock(service.db, service.keyring.number_hashes(NUMBER))
    assert service.check(verification, code).valid


def test_a_test_keys_wrong_codes_do_not_lock_anybody(service: Service) -> None:
    app = App("test:shop", test=True)
    for _ in range(3):
        verification = service.issue(app=app)
        service.deliver(verification)
        for _ in range(5):
            service.check(verification, "000000", app)
    verification, code = service.sent()
    assert service.check(verification, code).valid


def test_a_hundred_guesses_at_once_over_many_codes_are_judged_ten_times(service: Service) -> None:
    pending = [service.sent() for _ in range(25)]
    tries = [(verification, wrong(code)) for verification, code in pending for _ in range(4)]
    barrier = Barrier(len(tries))

    def check(number: int) -> bool:
        barrier.wait()
        try:
            service.check(*tries[number])
        except NumberLockedError:
            return False
        return True

    with ThreadPoolExecutor(len(tries)) as pool:
        judged = list(pool.map(check, range(len(tries))))
    assert judged.count(True) == FREE_FAILURES


NEW_ROOT = "a new root secret of the tests, long enough"


def rotated(db: Database, service: Service) -> Service:
    """The same service after its operator put a new root secret before the old one."""
    after = Service(db, roots=(NEW_ROOT, ROOT_SECRET))
    after.clock = service.clock
    for part in (after.verifier, after.deliverer):
        object.__setattr__(part, "clock", service.clock)
    return after


def test_a_new_root_secret_does_not_unlock_a_number(db: Database) -> None:
    service = Service(db)
    guess(service, FREE_FAILURES)
    after = rotated(db, service)
    verification, code = after.sent()
    with pytest.raises(NumberLockedError) as locked:
        after.check(verification, code)
    assert locked.value.retry_at == service.clock() + timedelta(seconds=30)
    service.clock.move(30)
    after.check(verification, wrong(code))
    with pytest.raises(NumberLockedError) as longer:
        after.check(verification, code)
    assert longer.value.retry_at == service.clock() + timedelta(seconds=60)


def test_nor_does_it_lift_the_hard_cap_and_an_operator_still_does(db: Database) -> None:
    service = Service(db)
    guess(service, 1)
    with db.update() as connection:
        connection.execute(update(number_guards).values(failed_checks=HARD_CAP - 1))
    after = rotated(db, service)
    verification, code = after.sent()
    assert not after.check(verification, wrong(code)).valid
    service.clock.move(7200)
    verification, code = after.sent()
    with pytest.raises(NumberLockedError) as locked:
        after.check(verification, code)
    assert locked.value.retry_at is None
    assert lockouts.unlock(db, after.keyring.number_hashes(NUMBER))
    assert after.check(verification, code).valid


def test_a_right_code_after_it_forgives_what_was_counted_before_it(db: Database) -> None:
    service = Service(db)
    guess(service, FREE_FAILURES - 1)
    after = rotated(db, service)
    verification, code = after.sent()
    assert after.check(verification, code).valid
    with db.read() as connection:
        assert connection.execute(select(number_guards)).all() == []


def test_a_report_from_before_it_holds_after_it(db: Database) -> None:
    service = Service(db)
    after = rotated(db, service)
    verification, code = after.sent()
    until = service.clock() + timedelta(hours=1)
    with db.write() as connection:
        lockouts.lock_reported(connection, service.keyring.number_hash(NUMBER), until, service.clock())
    with pytest.raises(NumberReportedError) as reported:
        after.check(verification, code)
    assert reported.value.retry_at == until
