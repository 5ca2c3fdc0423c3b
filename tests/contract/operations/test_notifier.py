"""Telling support of replies by its webhook, against a real database and a real HTTP listener."""

import json
from datetime import timedelta

from sqlalchemy import select
from standardwebhooks import Webhook
from time_machine import travel

from otp_worker.gateways.client import BoundedClient
from otp_worker.operations.notifier import BACKOFF_SECONDS, Notifier
from otp_worker.operations.webhook import WebhookChannel
from otp_worker.store import notifications, stored_replies
from otp_worker.store.database import Database
from otp_worker.store.schema import notices
from tests.contract.gateways.stub import Stub, answer
from tests.contract.operations.support import SECRET
from tests.contract.service import START


def test_nothing_is_posted_to_a_private_address_that_is_not_allowed(
    db: Database, support: Stub, notice: str
) -> None:
    """Whatever the name in the URL resolves to."""
    url = support.url.replace("127.0.0.1", "localhost")
    channel = WebhookChannel(BoundedClient(public_only=True), url, SECRET)
    assert Notifier(db, {"webhook": channel}).notify(notice, START).startswith("not taken (no answer)")
    assert support.requests == []
    assert told_at(db) is None


def told_at(db: Database) -> object:
    with db.read() as connection:
        return connection.execute(select(notices.c.told_at)).scalar_one()


def test_a_reply_arrives_once_and_signed(
    db: Database, notifier: Notifier, notice: str, support: Stub
) -> None:
    support.answers.append(answer(200, {}))
    assert notifier.notify(notice, START) == "told"
    assert notifier.notify(notice, START + timedelta(days=1)) == "not due"
    assert told_at(db) == START
    (request,) = support.requests
    head, _, body = request.decode().partition("\r\n\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head.splitlines())}
    with travel(START, tick=False):
        event = Webhook(SECRET).verify(body, headers)
    assert event["data"]["text"] == "who are you?"
    assert json.loads(body)["data"]["from"] == "+447400123456"


def test_what_is_not_taken_is_tried_again_later_and_not_before(
    db: Database, notifier: Notifier, notice: str, support: Stub
) -> None:
    support.answers += [answer(500, {}), answer(302, {}), answer(204, None)]
    now = START
    for seconds in BACKOFF_SECONDS[:2]:
        assert "not taken" in notifier.notify(notice, now)
        assert notifier.notify(notice, now + timedelta(seconds=seconds - 1)) == "not due"
        now += timedelta(seconds=seconds)
    assert notifier.notify(notice, now) == "told"
    assert len(support.requests) == 3


def test_it_is_given_up_after_a_day_or_so(
    db: Database, notifier: Notifier, notice: str, support: Stub
) -> None:
    now = START
    for seconds in BACKOFF_SECONDS:
        support.answers.append(answer(500, {}))
        notifier.notify(notice, now)
        now += timedelta(seconds=seconds)
    assert notifier.notify(notice, now).startswith("given up")
    assert notifications.due_notices(db, now + timedelta(days=30), 10) == []


def test_the_sweep_finds_what_is_due(notifier: Notifier, notice: str) -> None:
    published: list[str] = []

    def publish(notice_id: str) -> bool:
        published.append(notice_id)
        return True

    assert notifier.publish_due(publish, START) == 1
    assert published == [notice]


def test_a_reply_says_when_support_was_told_of_it(
    db: Database, notifier: Notifier, notice: str, support: Stub
) -> None:
    support.answers.append(answer(204, None))
    assert [reply.forwarded_at for reply in stored_replies.newest(db, 10)] == [None]
    notifier.notify(notice, START)
    assert [reply.forwarded_at for reply in stored_replies.newest(db, 10)] == [START]


def test_a_channel_that_is_taken_away_keeps_its_notices_for_its_return(db: Database, notice: str) -> None:
    assert "no webhook is configured any more" in Notifier(db, {}).notify(notice, START)
    assert notifications.due_notices(db, START + timedelta(minutes=1), 10) == [notice]
