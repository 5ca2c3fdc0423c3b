"""``/v2/Services/{VA}/Verifications``: ask for a code, look, and end a verification."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import falcon
import structlog

from otp_worker.domain.app import App, KeyScope
from otp_worker.domain.errors import (
    CountryNotAllowedError,
    InvalidFieldError,
    NotFoundError,
    ScopeMissingError,
)
from otp_worker.domain.phone_number import parse_number
from otp_worker.domain.policy import Policy
from otp_worker.domain.ports import Clock
from otp_worker.domain.twilio_sids import VERIFICATION, attempt_sid, verification_id, verification_sid
from otp_worker.domain.verification import Delivery, Verification, VerificationStatus
from otp_worker.issue.issuer import Issuer
from otp_worker.issue.request import SendRequest
from otp_worker.operations.trail import Trails
from otp_worker.store.trail import MOST, Wanted
from otp_worker.verify import Verifier

from .forms import read_form
from .sends import PARAMETERS, read_send
from .services import Service, service_of
from .times import iso
from .urls import Urls

CHANNEL = "sms"
STATUSES: Mapping[str, str] = {VerificationStatus.MAX_CHECKS_REACHED: "max_attempts_reached"}
"""What Twilio calls our statuses, where that is another word."""


class Verifications:
    """The collection, and one verification of it."""

    def __init__(
        self,
        *,
        issuer: Issuer,
        verifier: Verifier,
        trails: Trails,
        policy: Policy,
        clock: Clock,
        urls: Urls,
    ) -> None:
        self._issuer = issuer
        self._verifier = verifier
        self._trails = trails
        self._policy = policy
        self._clock = clock
        self._urls = urls

    def on_post(self, req: falcon.Request, resp: falcon.Response, service_sid: str) -> None:
        """Ask for a code; where one is pending for the number, for another SMS with it."""
        req.context.parameters = PARAMETERS
        app: App = req.context.app
        service = service_of(app, service_sid)
        body = read_send(read_form(req), service, self._policy)
        payment = body.payment
        fields = body.model_dump(exclude={"amount", "currency", "payee"})
        request = SendRequest(**fields, payment=payment, request_id=req.context.request_id)
        found = self._issuer.issue(request, app, self._clock()).verification
        structlog.contextvars.bind_contextvars(verification=found.id)
        shown = self._body(req, service, found, parse_number(body.to, self._policy.countries).e164)
        if payment is not None:
            shown |= {"amount": f"{payment.currency} {payment.amount}", "payee": payment.payee}
        resp.status = 201
        resp.text = json.dumps(shown)

    def on_get_one(self, req: falcon.Request, resp: falcon.Response, service_sid: str, which: str) -> None:
        """Look at a verification, by its sid or, while it is pending, by its number."""
        service = service_of(req.context.app, service_sid)
        found, to = self._find(which, service)
        resp.text = json.dumps(self._body(req, service, found, to))

    def on_post_one(self, req: falcon.Request, resp: falcon.Response, service_sid: str, which: str) -> None:
        """End a verification: called back, or approved at the app's word."""
        app: App = req.context.app
        service = service_of(app, service_sid)
        status = read_form(req).text("Status")
        if status not in (VerificationStatus.CANCELED, VerificationStatus.APPROVED):
            raise InvalidFieldError("status", "give canceled or approved")
        found, to = self._find(which, service)
        if status == VerificationStatus.CANCELED:
            ended = self._issuer.cancel(found.id, app, self._clock())
        else:
            ended = self._approve(found, app)
        resp.text = json.dumps(self._body(req, service, ended, to))

    def _approve(self, found: Verification, app: App) -> Verification:
        # To say that a code is right is more than to have one sent.
        if KeyScope.CHECK not in app.scopes:
            raise ScopeMissingError("this token may not be used to check; make one with --scope check")
        return self._verifier.approve(found.id, app.name)

    def _find(self, which: str, service: Service) -> tuple[Verification, str]:
        """The verification of a sid or a number, and the number as it may be told. Raises NotFoundError."""
        if which.startswith(VERIFICATION):
            found = own_verification(self._issuer, which, service)
            return found, found.to
        try:
            number = parse_number(which, self._policy.countries).e164
        except (InvalidFieldError, CountryNotAllowedError):
            raise no_such_verification() from None
        wanted = Wanted(service.app.name, status=VerificationStatus.PENDING, purpose=service.purpose)
        pending = self._trails.of_number(number, wanted, MOST).verifications
        for found in pending:
            if belongs_to(found, service):
                structlog.contextvars.bind_contextvars(verification=found.id)
                return found, number
        raise no_such_verification()

    def _body(self, req: falcon.Request, service: Service, found: Verification, to: str) -> dict[str, Any]:
        sid = verification_sid(found.id)
        return {
            **told_of(service, found, found.status_at(self._clock()), to),
            "lookup": {},
            "send_code_attempts": [_attempt(each) for each in self._sms(found)],
            "sna": None,
            "url": self._urls.of(req, f"{service.path}/Verifications/{sid}"),
        }

    def _sms(self, found: Verification) -> Sequence[Delivery]:
        """Every SMS of a verification, in the order in which they were asked for."""
        newest = found.delivery
        return [newest] if newest.id.endswith(".1") else self._trails.sms_of([found.id])[found.id]


def told_of(service: Service, found: Verification, status: str, to: str) -> dict[str, Any]:
    """What is told of a verification and of a check of it alike."""
    return {
        "sid": verification_sid(found.id),
        "service_sid": service.sid,
        "account_sid": service.account_sid,
        "to": to,
        "channel": CHANNEL,
        "status": STATUSES.get(status, status),
        "valid": status == VerificationStatus.APPROVED,
        "amount": None,
        "payee": None,
        "date_created": iso(found.created_at),
        "date_updated": iso(found.ended_at or found.delivery.created_at),
    }


def own_verification(issuer: Issuer, sid: str, service: Service) -> Verification:
    """A service's own verification. Raises NotFoundError."""
    possible = verification_id(sid)
    if possible is None:
        raise no_such_verification()
    structlog.contextvars.bind_contextvars(verification=possible)
    found = issuer.read(possible, service.app)
    if not belongs_to(found, service):
        raise no_such_verification()
    return found


def belongs_to(found: Verification, service: Service) -> bool:
    """Whether an app's verification is one that its service asks for."""
    return found.purpose == service.purpose and found.channel == CHANNEL


def no_such_verification() -> NotFoundError:
    """What is said of a verification that there is not."""
    return NotFoundError("this service has no such verification, or it is over")


def _attempt(sms: Delivery) -> dict[str, Any]:
    return {"time": iso(sms.created_at), "channel": CHANNEL, "attempt_sid": attempt_sid(sms.id)}
