"""The steps of a passcode in one process, timed one by one, without the web and the queue around them.

Each line on standard input is a step and a number of times; each on standard output their durations in
seconds, as JSON. Run in the environment of a worker.
"""

import json
import sys
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from redis import Redis
from sqlalchemy import select

from otp_worker.domain.app import App
from otp_worker.domain.passcode import derive_code
from otp_worker.issue.request import SendRequest
from otp_worker.service.celery_app import make_celery
from otp_worker.service.logs import configure_logs
from otp_worker.service.roles import load_settings
from otp_worker.service.settings import Settings
from otp_worker.service.wiring import build_intake
from otp_worker.service.worker_wiring import build_worker
from otp_worker.store.schema import verifications

_APP = "shop"
_SPREAD = 618_033


class _Steps:
    """Codes go through the steps in their order: as many are issued as are delivered and checked."""

    def __init__(self, settings: Settings) -> None:
        self._intake = build_intake(settings)
        self._worker = build_worker(settings, make_celery(settings.broker_url or ""))
        self._redis = Redis.from_url(settings.broker_url or "")
        self._number = 0
        self._issued: deque[str] = deque()
        self._delivered: deque[tuple[str, str]] = deque()

    def intake(self) -> float:
        self._number += 1
        request = SendRequest(f"+447400{self._number * _SPREAD % 1_000_000:06d}")
        began = time.perf_counter()
        accepted = self._intake.issuer.issue(request, App(_APP), self._intake.clock())
        seconds = time.perf_counter() - began
        self._issued.append(accepted.verification.id)
        return seconds

    def deliver(self) -> float:
        verification_id = self._issued.popleft()
        began = time.perf_counter()
        self._worker.deliverer.deliver(f"{verification_id}.1")
        seconds = time.perf_counter() - began
        self._delivered.append((verification_id, self._code(verification_id)))
        return seconds

    def check(self) -> float:
        verification_id, code = self._delivered.popleft()
        began = time.perf_counter()
        result = self._intake.verifier.check(verification_id, code, _APP)
        seconds = time.perf_counter() - began
        if not result.valid:
            raise ValueError("a right code was judged wrong")
        return seconds

    def sweep(self) -> float:
        # Nobody reads this queue, and a full one would spare the sweep its work.
        self._redis.flushdb()
        now = self._worker.clock()
        began = time.perf_counter()
        self._worker.expirer.expire(now)
        self._worker.expirer.enqueue_due(now)
        self._worker.expirer.purge(now)
        return time.perf_counter() - began

    def _code(self, verification_id: str) -> str:
        columns = verifications.c
        wanted = select(columns.seed, columns.code_key_id, columns.code_length)
        with self._worker.db.read() as connection:
            row = connection.execute(wanted.where(columns.id == verification_id)).one()
        key = self._worker.deliverer.keyring.code_key(row.code_key_id)
        return derive_code(key, row.seed, verification_id, row.code_length)


def main() -> None:
    """Carry out one line after another, to the end of standard input."""
    configure_logs("json")
    steps = _Steps(load_settings("worker"))
    kinds: dict[str, Callable[[], float]] = {
        "intake": steps.intake,
        "deliver": steps.deliver,
        "check": steps.check,
        "sweep": steps.sweep,
    }
    for line in sys.stdin:
        name, _, times = line.partition(" ")
        _say([kinds[name]() for _ in range(int(times))])


def _say(value: Any) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
