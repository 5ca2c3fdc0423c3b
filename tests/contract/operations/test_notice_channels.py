"""Channels that hang, are away or take no more: each notice is told once, and nobody waits for them."""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import datetime, timedelta
from itertools import islice

from otp_worker.operations.notifier import LEASE, Notifier
from otp_worker.store import notifications
from otp_worker.store.batches import BATCH
from otp_worker.store.database import Database
from otp_worker.store.notifications import ATTEMPTS_AT_ONCE, Notification, insert_notices
from tests.contract.service import START


class _Hanging:
    """A channel that takes nothing until it is back."""

    def __init__(self) -> None:
        self.began = threading.Semaphore(0)
        self.back = threading.Event()
        self.told: list[str] = []
        self._lock = threading.Lock()

    def tell(self, notice: Notification, _data: Mapping[str, object], _now: datetime) -> str | None:
        self.began.release()
        if not self.back.wait(30):
            return "no answer"
        with self._lock:
            self.told.append(notice.id)
        return None


class _Away:
    """A channel that answers nothing, until it is back."""

    def __init__(self) -> None:
        self.attempts = 0
        self.is_back = False

    def tell(self, _notice: Notification, _data: Mapping[str, object], _now: datetime) -> str | None:
        self.attempts += 1
        return None if self.is_back else "no answer"


def _insert(db: Database, number: int, now: datetime = START) -> list[str]:
    with db.write() as connection:
        return [
            each
            for _ in range(number)
            for each in insert_notices(connection, ["webhook"], "phone.silent", {}, now)
        ]


def test_a_channel_that_hangs_holds_no_more_threads_than_its_budget(db: Database) -> None:
    hanging = _Hanging()
    notifier = Notifier(db, {"webhook": hanging})
    sixty = _insert(db, 60)
    with ThreadPoolExecutor(16) as threads:
        answers = [threads.submit(notifier.notify, each, START) for each in sixty]
        for _ in range(ATTEMPTS_AT_ONCE):
            assert hanging.began.acquire(timeout=30)
        # All the others come to their end although nothing is taken.
        ended = [each.result() for each in islice(as_completed(answers, 60), 60 - ATTEMPTS_AT_ONCE)]
        hanging.back.set()
    assert ended == ["not due"] * (60 - ATTEMPTS_AT_ONCE)
    assert len(hanging.told) == ATTEMPTS_AT_ONCE


def test_the_sweep_publishes_what_the_channel_has_room_for_and_each_once(db: Database) -> None:
    _insert(db, 10)
    notifier = Notifier(db, {"webhook": _Away()})
    published: list[str] = []
    for _ in range(20):
        notifier.publish_due(_into(published), START)
    assert len(published) == ATTEMPTS_AT_ONCE
    lost = START + timedelta(seconds=31)
    assert notifier.publish_due(_into(published), lost) == ATTEMPTS_AT_ONCE


def test_a_channel_that_is_away_is_tried_with_one_notice_at_a_time_and_on_its_return_all_are_told(
    db: Database,
) -> None:
    away = _Away()
    notifier = Notifier(db, {"webhook": away})
    _insert(db, 60)
    now = START
    for _ in range(600):
        _work(notifier, now)
        now += timedelta(seconds=0.5)
    # Three that open the breaker, then one after 15, 30, 60, 60, 60, 60 s.
    assert away.attempts == 3 + 6
    away.is_back = True
    for _ in range(2 * 60 + 60):
        _work(notifier, now)
        now += timedelta(seconds=0.5)
    assert notifications.due_notices(db, now + timedelta(days=1), 100) == []
    assert away.attempts == 3 + 6 + 60


def test_what_nobody_took_for_a_day_is_given_up_in_a_row_without_another_attempt(db: Database) -> None:
    away = _Away()
    notifier = Notifier(db, {"webhook": away})
    _insert(db, 2 * BATCH + 1)
    (young,) = _insert(db, 1, START + timedelta(hours=1))
    assert notifier.give_up(START + timedelta(days=1)) == 2 * BATCH + 1
    assert notifications.due_notices(db, START + timedelta(days=1), 100) == [young]
    assert away.attempts == 0


def test_a_first_attempt_is_due_whatever_the_clock_of_the_machine_that_wrote_it_said(db: Database) -> None:
    _insert(db, 1, START + timedelta(hours=1))
    published: list[str] = []
    notifier = Notifier(db, {"webhook": _Away()})
    assert notifier.publish_due(_into(published), START) == 1
    assert "not taken" in notifier.notify(published[0], START)


def test_a_notice_whose_worker_died_is_told_when_its_lease_is_over(db: Database) -> None:
    (notice_id,) = _insert(db, 1)
    assert notifications.claim_notice(db, notice_id, START, START + LEASE) is not None
    away = _Away()
    away.is_back = True
    notifier = Notifier(db, {"webhook": away})
    assert notifier.publish_due(lambda _: True, START + LEASE / 2) == 0
    assert notifier.publish_due(lambda _: True, START + LEASE) == 1
    assert notifier.notify(notice_id, START + LEASE) == "told"


def _into(published: list[str]) -> Callable[[str], bool]:
    def publish(notice_id: str) -> bool:
        published.append(notice_id)
        return True

    return publish


def _work(notifier: Notifier, now: datetime) -> None:
    published: list[str] = []
    notifier.publish_due(_into(published), now)
    for notice_id in published:
        notifier.notify(notice_id, now)
