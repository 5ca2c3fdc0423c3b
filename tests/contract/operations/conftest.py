"""Fixtures for what operators and support are told."""

from collections.abc import Iterator

import pytest

from otp_worker.domain.reply import ReplyKind
from otp_worker.gateways.client import BoundedClient
from otp_worker.operations.notifier import Notifier
from otp_worker.operations.webhook import WebhookChannel
from otp_worker.store import replies
from otp_worker.store.database import Database
from otp_worker.store.replies import InboundReply
from otp_worker.store.stored_replies import StoredReply
from tests.contract.gateways.stub import Stub
from tests.contract.operations.support import SECRET
from tests.contract.service import START

REPLY = StoredReply(
    "rep_1", "sim", "ver_1", "shop", "+447400123456", "+44********56", "who are you?", START, None
)


@pytest.fixture
def support() -> Iterator[Stub]:
    with Stub() as listening:
        yield listening


@pytest.fixture
def notice(db: Database) -> str:
    """The id of the notice of a reply."""
    said = InboundReply(REPLY, "key", [b"key"], ReplyKind.OTHER, [])
    answered = replies.answer(db, said, START, START, channels=["webhook"])
    assert answered is not None
    (notice_id,) = answered.notices
    return notice_id


@pytest.fixture
def notifier(db: Database, support: Stub) -> Notifier:
    return Notifier(db, {"webhook": WebhookChannel(BoundedClient(), support.url, SECRET)})
