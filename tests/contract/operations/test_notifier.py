"""Telling support of replies by its webhook, against a real database and a real HTTP listener."""

import base64
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import datetime, timedelta
from itertools import islice

import pytest
from sqlalchemy import select
from standardwebhooks import Webhook
from time_machine import travel

from otp_worker.domain.app import App
from otp_worker.domain.gateway import Reply
from otp_worker.domain.ports import Outbox
from otp_worker.domain.reply import ReplyKind
from otp_worker.domain.sms_text import LANGUAGES
from otp_worker.gateways.client import BoundedClient
from otp_worker.inbound.replies import Replies
from otp_worker.issue.request import SendRequest
from otp_worker.operations.notifier import BACKOFF_SECONDS, LEASE, Notifier
from otp_worker.operations.webhook import WebhookChannel
from otp_worker.protection.circuit_breaker import FAILURES_TO_OPEN
from otp_worker.store import notifications, receipts, replies
from otp_worker.store.batches import BATCH
from otp_worker.store.database import Database
from otp_worker.store.notifications import ATTEMPTS_AT_ONCE, Notification, insert_notices
from otp_worker.store.receipts import StoredReply
from otp_worker.store.replies import InboundReply
from otp_worker.store.schema import notices
from tests.contract.gateways.stub import Stub, answer
from tests.contract.service import NUMBER, OFFLINE, START, Service

SECRET = base64.b64encode(b"the secret that support knows too").decode()
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


def told_of(db: Database, notifier: Notifier, support: Stub, now: datetime) -> list[dict[str, object]]:
    """What support is told now, in the order of the verifications."""
    due = notifications.due_notices(db, now, 10)
    for notice_id in due:
        support.answers.append(answer(200, {}))
        assert notifier.notify(notice_id, now) == "told"
    told = [json.loads(request.decode().partition("\r\n\r\n")[2]) for request in support.requests]
    return sorted(told, key=lambda each: str(each["data"]["verification_id"]))


def texted(service: Service, text: str) -> None:
    taking = Replies(service.db, service.keyring, LANGUAGES, 3600, Outbox(("webhook",), lambda _: True))
    taking.take("obedient", Reply(NUMBER, text, None, service.clock(), text), service.clock())


def asked(service: Service, app: str, user: str) -> str:
    """The id of a verification that an app asked for on behalf of its user."""
    request = SendRequest(NUMBER, user=user)
    return service.issuer.issue(request, App(app), service.clock()).verification.id


def test_of_a_report_support_is_told_who_says_what_when_and_of_which_user(
    service: Service, notifier: Notifier, support: Stub
) -> None:
    ids = [asked(service, "shop", "alice"), asked(service, "bank", "account 7")]
    service.clock.move(40)
    texted(service, "Not me!")
    told = told_of(service.db, notifier, support, service.clock())
    reply = receipts.newest_replies(service.db, 1)[0]
    assert [each["type"] for each in told] == ["number.reported"] * 2
    whose = dict(zip(ids, [("shop", "alice"), ("bank", "account 7")], strict=True))
    # One reply reports both at one instant, so their order says nothing.
    data_of = {each["data"]["verification_id"]: each["data"] for each in told}  # type: ignore[index]
    assert data_of.keys() == whose.keys()
    for verification_id, (app, user) in whose.items():
        assert data_of[verification_id] == {
            "id": reply.id,
            "reply_id": reply.id,
            "verification_id": verification_id,
            "app": app,
            "user": user,
            "from": NUMBER,
            "from_masked": "+44********56",
            "text": "Not me!",
            "gateway": "obedient",
            "meaning": "report",
            "received_at": service.clock().isoformat(),
        }


def test_of_a_reply_support_is_told_the_user_too(service: Service, notifier: Notifier, support: Stub) -> None:
    asked(service, "shop", "alice")
    texted(service, "who are you?")
    (told,) = told_of(service.db, notifier, support, service.clock())
    assert (told["type"], told["data"]["user"]) == ("reply.received", "alice")  # type: ignore[index]


def test_after_the_retention_of_numbers_support_is_told_the_masked_one(
    service: Service, notifier: Notifier, support: Stub
) -> None:
    """A webhook that was away for an hour and more."""
    asked(service, "shop", "alice")
    texted(service, "no")
    service.clock.move(3600)
    service.expirer.purge(service.clock())
    (told,) = told_of(service.db, notifier, support, service.clock())
    data = told["data"]
    assert isinstance(data, dict)
    assert (data["from"], data["from_masked"], data["text"]) == (None, "+44********56", "no")


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
    assert [reply.forwarded_at for reply in receipts.newest_replies(db, 10)] == [None]
    notifier.notify(notice, START)
    assert [reply.forwarded_at for reply in receipts.newest_replies(db, 10)] == [START]


def test_a_channel_that_is_taken_away_keeps_its_notices_for_its_return(db: Database, notice: str) -> None:
    assert "no webhook is configured any more" in Notifier(db, {}).notify(notice, START)
    assert notifications.due_notices(db, START + timedelta(minutes=1), 10) == [notice]


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


@pytest.mark.parametrize(
    ("kind", "page"),
    [
        ("phone.silent", "/sims"),
        ("sim.budget_low", "/sims"),
        ("conversion.halved", "/"),
    ],
)
def test_what_operators_are_told_has_the_codes_at_risk_and_the_page_about_it(
    service: Service, support: Stub, kind: str, page: str
) -> None:
    support.answers.append(answer(204, None))
    service.gateway.outcomes = [OFFLINE]
    for n in range(FAILURES_TO_OPEN + 1):
        service.deliver(service.issue(f"+4474001{n:05}"))
    with service.db.write() as connection:
        (notice_id,) = insert_notices(connection, ["webhook"], kind, {"gateway": "obedient"}, START)
    channel = WebhookChannel(BoundedClient(), support.url, SECRET)
    notifier = Notifier(service.db, {"webhook": channel}, "https://console.example/")
    assert notifier.notify(notice_id, service.clock()) == "told"
    assert json.loads(support.requests[0].decode().partition("\r\n\r\n")[2])["data"] == {
        "gateway": "obedient",
        "codes_waiting": FAILURES_TO_OPEN + 1,
        "first_ends_at": (START + timedelta(seconds=300)).isoformat(),
        "link": f"https://console.example{page}",
    }


def test_what_a_person_said_has_the_page_of_its_verification(
    db: Database, notice: str, support: Stub
) -> None:
    support.answers.append(answer(204, None))
    channel = WebhookChannel(BoundedClient(), support.url, SECRET)
    Notifier(db, {"webhook": channel}, "https://console.example").notify(notice, START)
    told = json.loads(support.requests[0].decode().partition("\r\n\r\n")[2])["data"]
    assert told["link"] == "https://console.example/verifications/ver_1"
    assert "codes_waiting" not in told


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
