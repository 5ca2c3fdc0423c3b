"""Steps that meet on one verification never wait for each other in a circle."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

from otp_worker.domain.errors import OtpError
from otp_worker.domain.gateway import ReceiptKind
from otp_worker.store import deliver, receipts
from otp_worker.store.job import Via
from tests.contract.service import SHOP, Service

ROUNDS = 40


def test_a_receipt_a_settlement_a_check_a_cancel_and_two_sweeps_at_once(service: Service) -> None:
    with ThreadPoolExecutor(6) as pool:
        for _ in range(ROUNDS):
            acts = _meeting(service)
            barrier = Barrier(len(acts))
            list(pool.map(partial(_act, barrier), acts))


def _meeting(service: Service) -> list[Callable[[], object]]:
    verification, code = service.sent()
    service.clock.move(31)
    service.resend(verification)
    now = service.clock()
    job = deliver.claim(service.db, f"{verification.id}.2", now, 30)
    assert job is not None
    return [
        partial(deliver.settle_sent, service.db, job, Via("obedient", "obedient"), "msg", now, "taken"),
        partial(receipts.move_forward, service.db, job.delivery_id, ReceiptKind.DELIVERED, now),
        partial(service.check, verification, code),
        partial(service.issuer.cancel, verification.id, SHOP, now),
        partial(service.expirer.expire, now),
        partial(service.expirer.expire, now),
    ]


def _act(barrier: Barrier, act: Callable[[], object]) -> None:
    barrier.wait()
    try:
        act()
    except OtpError:
        # Losing the race is a normal answer; a deadlock would be an error of the database.
        return
