"""What a notice says: who, when, of which user, with the codes at risk and the page about it."""

import json
from datetime import datetime, timedelta

import pytest

from otp_worker.domain.app import App
from otp_worker.domain.gateway import Reply
from otp_worker.domain.ports import Outbox
from otp_worker.domain.reply import REPLY_LANGUAGES
from otp_worker.gateways.client import BoundedClient
from otp_worker.inbound.replies import Replies
from otp_worker.issue.request import SendRequest
from otp_worker.operations.notifier import Notifier
from otp_worker.operations.webhook import WebhookChannel
from otp_worker.protection.circuit_breaker import FAILURES_TO_OPEN
from otp_worker.store import notifications, stored_replies
from otp_worker.store.database import Database
from otp_worker.store.notifications import insert_notices
from tests.contract.gateways.stub import Stub, answer
from tests.contract.operations.support import SECRET
from tests.contract.service import NUMBER, OFFLINE, START, Service


def told_of(db: Database, notifier: Notifier, support: Stub, now: datetime) -> list[dict[str, object]]:
    """What support is told now, in the order of the verifications."""
    due = notifications.due_notices(db, now, 10)
    for notice_id in due:
        support.answers.append(answer(200, {}))
        assert notifier.notify(notice_id, now) == "told"
    told = [json.loads(request.decode().partition("\r\n\r\n")[2]) for request in support.requests]
    return sorted(told, key=lambda each: str(each["data"]["verification_id"]))


def texted(service: Service, text: str) -> None:
    taking = Replies(service.db, service.keyring, REPLY_LANGUAGES, 3600, Outbox(("webhook",), lambda _: True))
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
    reply = stored_replies.newest(service.db, 1)[0]
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


def test_of_a_reply_support_is_told_what_the_code_was_for(
    service: Service, notifier: Notifier, support: Stub
) -> None:
    said = {"purpose": "payment", "client_reference": "order-1017", "tags": {"campaign": "spring"}}
    request = SendRequest(
        NUMBER, purpose="payment", client_reference="order-1017", tags={"campaign": "spring"}
    )
    service.issuer.issue(request, App("shop"), service.clock())
    texted(service, "who are you?")
    (told,) = told_of(service.db, notifier, support, service.clock())
    assert {name: told["data"][name] for name in said} == said  # type: ignore[index]


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


@pytest.mark.parametrize(
    ("kind", "page"), [("phone.silent", "/sims"), ("sim.budget_low", "/sims"), ("conversion.halved", "/")]
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
