"""Notices are looked back at, and told once more."""

from datetime import timedelta

import pytest

from otp_worker.domain.errors import NotFoundError
from otp_worker.store import notice_log, notifications
from tests.contract.service import START, Service

LEASE = timedelta(seconds=30)


def written(service: Service, *channels: str) -> list[str]:
    """One notice on each channel; their ids."""
    with service.db.write() as connection:
        return notifications.insert_notices(connection, channels, "phone.silent", {"gateway": "x"}, START)


def test_what_waits_is_told_at_once_and_not_twice(service: Service) -> None:
    (notice_id,) = written(service, "webhook")
    taken = notifications.claim_notice(service.db, notice_id, START, START + LEASE)
    assert taken is not None
    notifications.put_off(service.db, taken, START + timedelta(hours=1), START, [timedelta(minutes=1)])
    assert notifications.due_notices(service.db, START, 10) == []
    assert notice_log.tell_again(service.db, notice_id, START)
    assert notifications.due_notices(service.db, START, 10) == [notice_id]


@pytest.mark.parametrize("told_at", [START, None])
def test_what_was_taken_or_given_up_is_told_as_a_new_one(service: Service, told_at: object) -> None:
    (notice_id,) = written(service, "webhook")
    notifications.settle_notice(service.db, notice_id, START if told_at else None)
    later = START + timedelta(days=3)
    assert not notice_log.tell_again(service.db, notice_id, later)
    (new_id,) = notifications.due_notices(service.db, later, 10)
    new, old = notice_log.newest(service.db, 10)
    assert (new.id, old.id) == (new_id, notice_id)
    assert (new.type, new.channel, new.data, new.created_at) == (old.type, old.channel, old.data, later)
    assert (old.told_at, old.due_at) == (told_at, None)


def test_a_notice_that_is_not_there_cannot_be_told(service: Service) -> None:
    for unknown in ("ntc_unknown", "\0"):
        with pytest.raises(NotFoundError):
            notice_log.tell_again(service.db, unknown, START)


def test_a_channel_that_fails_is_seen_with_what_waits_for_it(service: Service) -> None:
    first, second, mailed = written(service, "webhook", "webhook", "email")
    notifications.settle_notice(service.db, mailed, START)
    for _ in range(notifications.FAILURES_TO_OPEN):
        taken = notifications.claim_notice(service.db, first, START, START)
        assert taken is not None
        notifications.put_off(service.db, taken, START, START, [timedelta(0)])
    notifications.settle_notice(service.db, second, None)
    mail, webhook = notice_log.channel_states(service.db, START)
    assert (mail.name, mail.is_away, mail.taken, mail.waiting, mail.given_up) == ("email", False, 1, 0, 0)
    assert (webhook.name, webhook.is_away, webhook.taken) == ("webhook", True, 0)
    assert (webhook.waiting, webhook.given_up) == (1, 1)
    assert notice_log.channel_states(service.db, START + timedelta(days=2)) == []
