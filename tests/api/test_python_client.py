"""The client for apps against the application itself: they say the same, and mean it."""

import inspect
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from falcon import App
from pydantic import BaseModel

from api.app import create_app
from api.routes import ROUTES
from api.schemas import conversions as schemas
from api.schemas import limits, messages, problems, trail, verifications
from otp_worker import client
from otp_worker.client import Client, calls, conversions, message_calls, message_models, models
from otp_worker.client.errors import ProblemError, error_of
from otp_worker.domain import message, verification
from otp_worker.domain.app import APP_SCOPES, KeyScope
from otp_worker.domain.sim import Sim, Sims
from otp_worker.issue.idempotency import HEADER, REPLAYED_HEADER
from otp_worker.protection.api_keys import ApiKeys
from tests.api.client import Caller
from tests.api.gateway import REPLY, CallingGateway
from tests.api.service import GATEWAY, WEBHOOK_SECRET, Service
from tests.contract.service import NUMBER

MODELS = [
    (models.Verification, verifications.VerificationBody),
    (models.Delivery, verifications.DeliveryBody),
    (models.Wait, verifications.WaitBody),
    (models.Left, limits.LeftBody),
    (models.Invitation, verifications.InvitationBody),
    (models.CheckResult, verifications.CheckResultBody),
    (models.Listed, trail.ListedBody),
    (models.Page, trail.VerificationsBody),
    (models.Moment, trail.MomentBody),
    (models.Timeline, trail.TimelineBody),
    (conversions.Codes, schemas.CodesBody),
    (conversions.CodesGroup, schemas.GroupBody),
    (conversions.Conversions, schemas.ConversionsBody),
    (message_models.Message, messages.SentMessageBody),
    (message_models.BatchItem, messages.BatchItemBody),
    (message_models.MessagePage, messages.MessagesBody),
    (message_models.MessageTimeline, messages.MessageTimelineBody),
    (models.FieldError, problems.FieldErrorBody),
    (models.Problem, problems.ProblemBody),
]


@pytest.fixture
def otp(app: "App[Any, Any]", service: Service) -> Iterator[Client]:
    """The client of an app with a live key, whose network is the application."""
    http = httpx.Client(transport=httpx.WSGITransport(app=app))
    with http, Client("http://otp.example.com", service.key("shop"), http=http) as running:
        yield running


@pytest.mark.parametrize(("ours", "theirs"), MODELS, ids=lambda model: model.__name__)
def test_a_model_has_every_field_of_the_answer(ours: type[BaseModel], theirs: type[BaseModel]) -> None:
    assert ours.model_fields.keys() == theirs.model_fields.keys()


def test_an_accepted_one_has_every_field_of_the_answer() -> None:
    both = models.Accepted.model_fields.keys() | models.Invited.model_fields.keys()
    assert both - {"replayed"} == verifications.AcceptedBody.model_fields.keys()
    for ours, theirs in (
        (message_models.AcceptedMessage, messages.AcceptedMessageBody),
        (message_models.BatchAnswer, messages.BatchAnswerBody),
    ):
        assert ours.model_fields.keys() - {"replayed"} == theirs.model_fields.keys()


@pytest.mark.parametrize(
    ("build", "body"),
    [
        (calls.send, verifications.SendBody),
        (calls.check, verifications.CheckBody),
        (calls.check_number, verifications.NumberCheckBody),
        (calls.list_page, trail.ListQuery),
        (calls.search, trail.SearchBody),
        (conversions.conversions, schemas.ConversionsQuery),
        (message_calls.send_message, messages.MessageBody),
        (message_calls.send_messages, messages.BatchBody),
        (message_calls.list_messages, messages.MessagesQuery),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_a_call_can_say_all_that_the_api_reads(build: Any, body: type[BaseModel]) -> None:
    can = inspect.signature(build).parameters.keys() - {"verification_id", "idempotency_key"}
    assert can == body.model_fields.keys()


def test_the_statuses_are_the_services() -> None:
    assert [*models.VerificationStatus] == [*map(str, verification.VerificationStatus)]
    assert [*models.DeliveryStatus] == [*map(str, verification.DeliveryStatus)]
    assert [*message_models.MessageStatus] == [*map(str, message.MessageStatus)]


def test_every_problem_of_the_service_has_a_class_of_its_own() -> None:
    tags = ("verifications", "messages")
    of_apps = {error.problem for route in ROUTES if route.tag in tags for error in route.errors}
    for code in of_apps | {"unexpected"}:
        problem = models.Problem(type=f"urn:otp-worker:problem:{code}", title="", status=400, detail="")
        assert type(error_of(problem, None)) is not ProblemError, code


def test_every_call_of_an_app_is_a_method() -> None:
    names = {
        "checkNumber": "check_number",
        "listVerifications": "list_page",
        "getTimeline": "timeline",
        "getConversions": "conversions",
    }
    operations = {route.name for route in ROUTES if route.tag == "verifications" and route.name}
    methods = {names.get(name, re.sub("Verifications?$", "", name)) for name in operations}
    assert methods <= set(dir(Client))


def test_a_code_goes_its_whole_way(otp: Client, service: Service) -> None:
    sent = otp.send(NUMBER, user="user-17", ip="203.0.113.7")
    assert (sent.pending, sent.user, sent.replayed) == (True, "user-17", False)
    service.deliver_queued()
    assert otp.get(sent.id).delivery.status == "sent"  # type: ignore[union-attr]
    (code,) = service.gateway.codes
    wrong = otp.check(sent.id, "000000" if code != "000000" else "111111")
    assert (wrong.valid, wrong.checks_left) == (False, 4)
    right = otp.check(sent.id, " ".join(code))
    assert (right.valid, right.status) == (True, models.VerificationStatus.APPROVED)
    assert otp.timeline(sent.id).timeline[0].kind == "accepted"
    assert [each.id for each in otp.list(user="user-17")] == [sent.id]
    assert [each.id for each in otp.search(NUMBER).verifications] == [sent.id]
    with pytest.raises(client.VerificationEndedError) as over:
        otp.check(sent.id, code)
    assert (over.value.verification_id, over.value.verification_status) == (sent.id, "approved")


def test_the_figures_of_an_app_are_read(otp: Client, service: Service) -> None:
    sent = otp.send(NUMBER)
    service.deliver_queued()
    assert otp.check(sent.id, service.gateway.codes[0]).valid
    found = otp.conversions(by="template", since=service.clock() - timedelta(hours=2))
    assert (found.total.sent, found.total.approved, found.total.approved_share) == (1, 1, 1.0)
    assert [(each.value, each.sent) for each in found.groups] == [("default", 1)]
    with pytest.raises(client.InvalidFieldError, match="scope admin"):
        otp.conversions(by="sim")
    with pytest.raises(ValueError, match="time zone"):
        otp.conversions(since=datetime(2026, 3, 1))  # noqa: DTZ001


def test_a_repeated_send_is_one_sms(otp: Client, service: Service) -> None:
    first, again = (otp.send(NUMBER, idempotency_key="order-1") for _ in range(2))
    assert (first.id, first.replayed, again.replayed) == (again.id, False, True)
    assert service.count("deliveries") == 1
    assert (HEADER, REPLAYED_HEADER) == ("Idempotency-Key", "Idempotent-Replayed")


def test_too_soon_says_from_when_on(otp: Client, service: Service) -> None:
    sent = otp.send(NUMBER)
    service.deliver_queued()
    with pytest.raises(client.TooSoonError, match=r"again from ") as raised:
        otp.resend(sent.id)
    assert raised.value.retry_at is not None
    service.clock.move(31)
    assert otp.resend(sent.id).id == sent.id
    assert otp.cancel(sent.id).status == "canceled"


def test_what_is_wrong_is_named_with_its_fix(otp: Client) -> None:
    sent = otp.send(NUMBER)
    with pytest.raises(client.InvalidFieldError) as raised:
        otp.check(sent.id, 123456)  # type: ignore[arg-type]
    assert (raised.value.field, "leading zeros" in str(raised.value.fix)) == ("code", True)
    assert otp.get(sent.id).checks_left == 5
    with pytest.raises(client.CountryNotAllowedError):
        otp.send("+12015550123")
    with pytest.raises(client.NotFoundError):
        otp.get("ver_" + "0" * 26)


def test_a_wrong_key_is_told(app: "App[Any, Any]") -> None:
    with (
        httpx.Client(transport=httpx.WSGITransport(app=app)) as http,
        pytest.raises(client.UnauthenticatedError) as raised,
    ):
        Client("http://otp.example.com", "otp_live_wrong", http=http).get("ver_" + "0" * 26)
    assert raised.value.request_id is not None
    assert raised.value.request_id.startswith("req_")


def test_a_person_texts_a_token(service: Service) -> None:
    service.inbound_sims = Sims((Sim(GATEWAY, GATEWAY, "+447400999999"),))
    app = create_app(service.intake())
    gateway = CallingGateway(Caller(app), service)
    with httpx.Client(transport=httpx.WSGITransport(app=app)) as http:
        otp = Client("http://otp.example.com", service.key("shop"), http=http)
        invited = otp.invite(NUMBER, user="user-17")
        assert invited.inbound.text_to == "+447400999999"
        gateway.tell(gateway.inbound, {**REPLY, "text": invited.inbound.token}, WEBHOOK_SECRET)
        assert otp.get(invited.id).approved


def test_every_call_about_messages_is_a_method() -> None:
    operations = {route.name or "" for route in ROUTES if route.tag == "messages"} - {"getMessageTimeline"}
    methods = {re.sub("(?=Messages?$)", "_", name).lower() for name in operations} | {"message_timeline"}
    assert methods <= set(dir(Client))


def test_a_text_goes_its_whole_way(app: "App[Any, Any]", service: Service) -> None:
    service.announce_seal_keys()
    key = ApiKeys(service.db).create("shop", service.clock(), scopes=APP_SCOPES | {KeyScope.MESSAGE})
    with httpx.Client(transport=httpx.WSGITransport(app=app)) as http:
        otp = Client("http://otp.example.com", key, http=http)
        sent, again = (
            otp.send_message(NUMBER, "We open at nine", user="user-17", idempotency_key="a") for _ in range(2)
        )
        assert (sent.pending, sent.replayed, again.id, again.replayed) == (True, False, sent.id, True)
        service.deliver_queued()
        assert otp.get_message(sent.id).status is message_models.MessageStatus.SENT
        assert otp.message_timeline(sent.id).timeline[0].kind == "accepted"
        with pytest.raises(client.MessageEndedError) as over:
            otp.cancel_message(sent.id)
        assert over.value.message_status == "sent"
        with pytest.raises(client.NotFoundError, match="no such message"):
            otp.get_message("../keys")
        batch = otp.send_messages([{"to": NUMBER, "text": "One", "priority": "notice"}, {"to": "+4420"}])
        assert (batch.accepted, batch.refused, batch.replayed) == (1, 1, False)
        first, refused = batch.results
        assert first.message is not None
        assert refused.problem is not None
        assert otp.cancel_message(first.message.id).status == "canceled"
        page = otp.list_messages(user="user-17")
        assert [each.id for each in page.messages] == [sent.id]
