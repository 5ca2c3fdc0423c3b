"""``/2010-04-01/Accounts/{AC}/Messages``: have a text of the app's own sent, and look at it."""

import json
from collections.abc import Mapping
from typing import Any

import falcon
import structlog

from otp_worker.domain.app import App
from otp_worker.domain.errors import NotFoundError
from otp_worker.domain.message import MAX_LIFE_SECONDS, MessageStatus, Priority, status_at
from otp_worker.domain.phone_number import parse_number
from otp_worker.domain.ports import Clock
from otp_worker.domain.public_reason import public_reason
from otp_worker.domain.texts.alphabet import size_of
from otp_worker.domain.twilio_sids import account_sid as account_of
from otp_worker.domain.twilio_sids import message_id, message_sid
from otp_worker.domain.verification import Verification
from otp_worker.issue.messages import MessageRequest, Messenger

from ..request_body import read_object
from ..schemas.messages import MessageBody
from .errors import number_of_message_error
from .forms import Form, read_form
from .sends import read_to
from .times import rfc_2822

PARAMETERS = {"text": "Body", "expires_in_seconds": "ValidityPeriod"}
IGNORED = ("StatusCallback", "ProvideFeedback", "SmartEncoded", "ShortenUrls", "RiskCheck", "MaxPrice")
STATUSES: Mapping[str, str] = {MessageStatus.PENDING: "queued", MessageStatus.EXPIRED: "failed"}
"""What Twilio calls our statuses, where that is another word."""
_VERSION = "2010-04-01"


class Messages:
    """The collection, and one message of it."""

    def __init__(self, messenger: Messenger, clock: Clock) -> None:
        self._messenger = messenger
        self._clock = clock

    def on_post(self, req: falcon.Request, resp: falcon.Response, account_sid: str) -> None:
        """Have a text sent."""
        req.context.parameters = PARAMETERS
        req.context.number_of = number_of_message_error
        app = _own(req.context.app, account_sid)
        form = read_form(req)
        body = _body_of(form)
        request = MessageRequest(**body.model_dump(), request_id=req.context.request_id)
        accepted = self._messenger.issue(request, app, self._clock()).verification
        structlog.contextvars.bind_contextvars(message=accepted.id)
        shown = self._shown(accepted, account_sid) | {
            "to": parse_number(body.to, self._messenger.drafts.policy.countries).e164,
            "from": form.text("From"),
            "messaging_service_sid": form.text("MessagingServiceSid"),
            "num_segments": str(size_of(body.text).segments),
        }
        resp.status = 201
        resp.text = json.dumps(shown)

    def on_get_one(
        self, req: falcon.Request, resp: falcon.Response, account_sid: str, message_sid: str
    ) -> None:
        """Look at a message."""
        app, possible = _own(req.context.app, account_sid), message_id(message_sid)
        if possible is None:
            raise NotFoundError("there is no such message")
        structlog.contextvars.bind_contextvars(message=possible)
        resp.text = json.dumps(self._shown(self._messenger.read(possible, app), account_sid))

    def _shown(self, found: Verification, account_sid: str) -> dict[str, Any]:
        """A message: the number masked, the text never."""
        sms, status, sid = found.delivery, status_at(found, self._clock()), message_sid(found.id)
        told = STATUSES.get(status, status)
        return {
            "sid": sid,
            "account_sid": account_sid,
            "messaging_service_sid": None,
            "to": found.to,
            "from": None,
            "body": None,
            "status": told,
            "num_segments": None,
            "num_media": "0",
            "direction": "outbound-api",
            "date_created": rfc_2822(found.created_at),
            "date_updated": rfc_2822(found.ended_at or sms.delivered_at or sms.sent_at or found.created_at),
            "date_sent": rfc_2822(sms.sent_at) if sms.sent_at else None,
            "price": None,
            "price_unit": None,
            "error_code": None,
            "error_message": public_reason(sms.status, sms.reason) if told == "failed" else None,
            "api_version": _VERSION,
            "uri": f"/{_VERSION}/Accounts/{account_sid}/Messages/{sid}.json",
            "subresource_uris": {},
        }


def _own(app: App, account_sid: str) -> App:
    """The app, if the account is its own. Raises NotFoundError."""
    if account_sid != account_of(app.name):
        raise NotFoundError("these credentials are of another account")
    return app


def _body_of(form: Form) -> MessageBody:
    """The text that is to be sent. Raises InvalidFieldError.

    One that may wait for more than an hour is no code: it is a notice, and gives way to codes.
    """
    form.ignore(*IGNORED)
    seconds = form.number("ValidityPeriod")
    is_notice = seconds is not None and seconds > MAX_LIFE_SECONDS[Priority.CODE]
    given = {
        "to": read_to(form),
        "text": form.text("Body"),
        "expires_in_seconds": seconds,
        "priority": Priority.NOTICE if is_notice else Priority.CODE,
    }
    body = read_object({name: value for name, value in given.items() if value is not None}, MessageBody)
    body.refuse_too_long()
    return body
