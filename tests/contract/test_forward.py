"""Passing replies on to support's webhook, against a real database and a real HTTP listener."""

import base64
import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select
from standardwebhooks import Webhook
from time_machine import travel

from otp_worker.forward import BACKOFF_SECONDS, Forwarder
from otp_worker.gateways.http import BoundedClient
from otp_worker.store import receiving
from otp_worker.store.database import Database
from otp_worker.store.receiving import StoredReply
from otp_worker.store.schema import replies
from tests.contract.gateways.stub import Stub, answer
from tests.contract.service import START

SECRET = base64.b64encode(b"the secret that support knows too").decode()
REPLY = StoredReply("rep_1", "sim", "ver_1", "shop", "+447400123456", "+44********56", "not me", START, None)


@pytest.fixture
def support() -> Iterator[Stub]:
    with Stub() as listening:
        yield listening


@pytest.fixture
def forwarder(db: Database, support: Stub) -> Forwarder:
    receiving.keep_reply(db, REPLY, "key", START, forward=True)
    return Forwarder(db, BoundedClient(), support.url, SECRET)


def test_nothing_is_posted_to_a_private_address_that_is_not_allowed(db: Database, support: Stub) -> None:
    """Whatever the name in the URL resolves to."""
    receiving.keep_reply(db, REPLY, "key", START, forward=True)
    url = support.url.replace("127.0.0.1", "localhost")
    forwarder = Forwarder(db, BoundedClient(public_only=True), url, SECRET)
    assert forwarder.forward("rep_1", START).startswith("not taken (no answer)")
    assert support.requests == []
    assert forwarded_at(db) is None


def forwarded_at(db: Database) -> object:
    with db.read() as connection:
        return connection.execute(select(replies.c.forwarded_at)).scalar_one()


def test_a_reply_arrives_once_and_signed(db: Database, forwarder: Forwarder, support: Stub) -> None:
    support.answers.append(answer(200, {}))
    assert forwarder.forward("rep_1", START) == "passed on"
    assert forwarder.forward("rep_1", START + timedelta(days=1)) == "not due"
    assert forwarded_at(db) == START
    (request,) = support.requests
    head, _, body = request.decode().partition("\r\n\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head.splitlines())}
    with travel(START, tick=False):
        event = Webhook(SECRET).verify(body, headers)
    assert event["data"]["text"] == "not me"
    assert json.loads(body)["data"]["from"] == "+447400123456"


def test_what_is_not_taken_is_tried_again_later_and_not_before(
    db: Database, forwarder: Forwarder, support: Stub
) -> None:
    support.answers += [answer(500, {}), answer(302, {}), answer(204, None)]
    now = START
    for seconds in BACKOFF_SECONDS[:2]:
        assert "not taken" in forwarder.forward("rep_1", now)
        assert forwarder.forward("rep_1", now + timedelta(seconds=seconds - 1)) == "not due"
        now += timedelta(seconds=seconds)
    assert forwarder.forward("rep_1", now) == "passed on"
    assert len(support.requests) == 3


def test_it_is_given_up_after_a_day_or_so(db: Database, forwarder: Forwarder, support: Stub) -> None:
    now = START
    for seconds in BACKOFF_SECONDS:
        support.answers.append(answer(500, {}))
        forwarder.forward("rep_1", now)
        now += timedelta(seconds=seconds)
    assert forwarder.forward("rep_1", now).startswith("given up")
    assert receiving.due_forwards(db, now + timedelta(days=30), 10) == []


def test_the_sweep_finds_what_is_due(forwarder: Forwarder) -> None:
    published: list[str] = []

    def publish(reply_id: str) -> bool:
        published.append(reply_id)
        return True

    assert forwarder.publish_due(publish, START) == 1
    assert published == ["rep_1"]
