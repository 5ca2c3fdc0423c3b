"""``/v2/Attempts``: each SMS of each verification, and how many of them led to an entered code."""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import falcon

from otp_worker.domain.app import App
from otp_worker.domain.errors import InvalidFieldError, NotFoundError
from otp_worker.domain.ports import Clock
from otp_worker.domain.sent_codes import Dimension
from otp_worker.domain.sim import SANDBOX
from otp_worker.domain.twilio_sids import (
    account_sid,
    attempt_sid,
    delivery_of,
    service_sid,
    verification_id,
    verification_sid,
)
from otp_worker.domain.verification import Delivery, DeliveryStatus, Verification, VerificationStatus
from otp_worker.issue.issuer import Issuer
from otp_worker.operations.conversions import Conversions, Question
from otp_worker.operations.trail import Page, Trails
from otp_worker.store.trail import Wanted

from ..schemas.trail import cursor_of
from .attempts_query import PARAMETERS, AttemptsQuery, read_attempts_query
from .forms import Form, read_parameters
from .pages import page
from .services import Service, service_of, services_of
from .times import iso
from .urls import Urls
from .verifications import CHANNEL, belongs_to

PATH = "/v2/Attempts"
STATUSES: Mapping[str, str] = {
    DeliveryStatus.WAITING: "queued",
    DeliveryStatus.EXPIRED: "failed",
    DeliveryStatus.SUPERSEDED: "canceled",
}
"""What Twilio calls our statuses of an SMS, where that is another word."""
DEFAULT_SPAN = timedelta(days=30)
_NAMES = {field: name for name, field in PARAMETERS.items()}
CONVERTED, UNCONVERTED = "converted", "unconverted"


class Attempts:
    """The attempts, one of them, and their summary."""

    def __init__(
        self, *, issuer: Issuer, trails: Trails, conversions: Conversions, clock: Clock, urls: Urls
    ) -> None:
        self._issuer = issuer
        self._trails = trails
        self._conversions = conversions
        self._clock = clock
        self._urls = urls

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List attempts, those of the newest verifications first: a page is of so many verifications."""
        app: App = req.context.app
        req.context.parameters = _NAMES
        form = read_parameters(req)
        query = read_attempts_query(form)
        services = [service_of(app, query.service)] if query.service else services_of(app)
        found = self._page(app, query)
        sms = self._trails.sms_of([each.id for each in found.verifications])
        shown = [
            self._body(req, app, each, one)
            for each in found.verifications
            if _is_wanted(each, services, query.country)
            for one in sms[each.id]
        ]
        fits = [each for each in shown if query.status in (None, each["conversion_status"])]
        asked = {name: values[0] for name, values in form.values.items() if name in query.parameters}
        cursor = cursor_of(found.last) if found.last else None
        url = self._urls.of(req, PATH)
        resp.text = json.dumps(page(url, "attempts", fits, asked, query.limit, cursor))

    def on_get_one(self, req: falcon.Request, resp: falcon.Response, attempt_sid: str) -> None:
        """Look at an attempt."""
        app: App = req.context.app
        possible = delivery_of(attempt_sid)
        if possible is not None:
            found = self._issuer.read(possible[0], app)
            for sms in self._trails.sms_of([found.id])[found.id] if found.channel == CHANNEL else ():
                if sms.id == f"{found.id}.{possible[1]}":
                    resp.text = json.dumps(self._body(req, app, found, sms))
                    return
        raise NotFoundError("this account has no such attempt")

    def on_get_summary(self, req: falcon.Request, resp: falcon.Response) -> None:
        """How many codes were sent and entered, in the whole hours or days of a span."""
        app: App = req.context.app
        req.context.parameters = _NAMES
        form = read_parameters(req)
        query = read_attempts_query(form)
        _refuse_finer(app, form)
        since = query.since or self._clock() - DEFAULT_SPAN
        asked = Question(Dimension.COUNTRY, since, query.until, app.name, query.country, limit=1)
        total = self._conversions.read(asked, self._clock()).total
        resp.text = json.dumps(
            {
                "total_attempts": total.sent,
                "total_converted": total.approved,
                "total_unconverted": total.sent - total.approved,
                "conversion_rate_percentage": f"{100 * (total.approved_share or 0):.2f}",
                "url": self._urls.of(req, f"{PATH}/Summary"),
            }
        )

    def _page(self, app: App, query: AttemptsQuery) -> Page:
        if query.verification is not None:
            possible = verification_id(query.verification)
            return Page([self._issuer.read(possible, app)] if possible else [], None)
        approved = VerificationStatus.APPROVED if query.status == CONVERTED else None
        wanted = Wanted(app.name, status=approved, since=query.since, until=query.until)
        if query.to is not None:
            return self._trails.of_number(query.to, wanted, query.limit, query.after)
        return self._trails.page(wanted, query.limit, query.after)

    def _body(self, req: falcon.Request, app: App, found: Verification, sms: Delivery) -> dict[str, Any]:
        sid = attempt_sid(sms.id)
        is_converted = sms.id == found.delivery.id and found.status is VerificationStatus.APPROVED
        last = (found.ended_at if is_converted else None) or sms.delivered_at or sms.sent_at or sms.created_at
        return {
            "sid": sid,
            "account_sid": account_sid(app.name),
            "service_sid": service_sid(app.name, found.purpose),
            "verification_sid": verification_sid(found.id),
            "date_created": iso(sms.created_at),
            "date_updated": iso(last),
            "conversion_status": CONVERTED if is_converted else UNCONVERTED,
            "channel": CHANNEL,
            "price": None,
            "channel_data": {
                "to": found.to,
                "country": None if sms.route == SANDBOX else sms.route,
                "message_status": STATUSES.get(sms.status, sms.status),
                "error_code": None,
            },
            "url": self._urls.of(req, f"{PATH}/{sid}"),
        }


def _is_wanted(found: Verification, services: Sequence[Service], country: str | None) -> bool:
    if not any(belongs_to(found, service) for service in services):
        return False
    return country in (None, found.delivery.route)


def _refuse_finer(app: App, form: Form) -> None:
    """Raise InvalidFieldError for what the figures are not told apart by."""
    if form.text("DestinationPrefix") is not None:
        raise InvalidFieldError("DestinationPrefix", "figures are kept by country; give Country")
    sid = form.text("VerifyServiceSid")
    if sid is not None and service_of(app, sid) and app.settings.purposes:
        raise InvalidFieldError(
            "VerifyServiceSid", "figures are kept for all services of an account together"
        )
