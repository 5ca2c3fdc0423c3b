"""``/v2/Services/{VA}/VerificationCheck``: judge a code."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import falcon
import structlog

from otp_worker.domain.errors import InvalidFieldError, NotFoundError, VerificationEndedError
from otp_worker.domain.phone_number import parse_number
from otp_worker.domain.ports import Clock
from otp_worker.domain.verification import VerificationStatus
from otp_worker.issue.issuer import Issuer
from otp_worker.operations.trail import Trails
from otp_worker.store.trail import MOST, Wanted
from otp_worker.verify import CheckResult, Verifier

from ..request_body import read_object
from ..schemas.verifications import CheckBody, NumberCheckBody
from .errors import PaymentMissingError
from .forms import read_form
from .sends import read_payment, read_to
from .services import Service, service_of
from .verifications import belongs_to, own_verification, told_of

_PARAMETERS = {"currency": "Amount"}


class Checks:
    """Checks, by number and by sid."""

    def __init__(self, *, issuer: Issuer, verifier: Verifier, trails: Trails, clock: Clock) -> None:
        self._issuer = issuer
        self._verifier = verifier
        self._trails = trails
        self._clock = clock

    def on_post(self, req: falcon.Request, resp: falcon.Response, service_sid: str) -> None:
        """Judge a code."""
        req.context.parameters = _PARAMETERS
        service = service_of(req.context.app, service_sid)
        form = read_form(req)
        sid, to = form.text("VerificationSid"), read_to(form)
        given = {"code": form.text("Code"), **read_payment(form)}
        fields = {name: value for name, value in given.items() if value is not None}
        with _payment_is_asked_for(is_named="payee" in fields):
            if sid is None:
                result = self._by_number({**fields, **({"to": to} if to else {})}, service)
            else:
                result = self._by_sid(sid, fields, service)
        structlog.contextvars.bind_contextvars(verification=result.id)
        found = self._issuer.read(result.id, service.app)
        number = parse_number(to, self._verifier.policy.countries).e164 if to and sid is None else found.to
        resp.status = 201
        resp.text = json.dumps(
            {
                **told_of(service, found, result.status, number),
                "amount": form.text("Amount"),
                "payee": form.text("Payee"),
                "sna_attempts_error_codes": [],
            }
        )

    def _by_number(self, fields: dict[str, Any], service: Service) -> CheckResult:
        body, app = read_object({**fields, "purpose": service.purpose}, NumberCheckBody), service.app
        try:
            return self._verifier.check_number(
                body.to,
                body.code,
                app.name,
                rates=app.rates,
                key_hash=app.key_hash,
                purpose=service.purpose,
                payment=body.payment,
            )
        except NotFoundError:
            self._refuse_used_up(body.to, service)
            raise

    def _by_sid(self, sid: str, fields: dict[str, Any], service: Service) -> CheckResult:
        body, app = read_object(fields, CheckBody), service.app
        found = own_verification(self._issuer, sid, service)
        return self._verifier.check(
            found.id,
            body.code,
            app.name,
            rates=app.rates,
            key_hash=app.key_hash,
            payment=body.payment,
        )

    def _refuse_used_up(self, to: str, service: Service) -> None:
        """Raise VerificationEndedError for a number whose newest code was typed wrong too often.

        Twilio says so until that code would have expired.
        """
        wanted = Wanted(service.app.name, purpose=service.purpose)
        page = self._trails.of_number(to, wanted, MOST).verifications
        newest = next((each for each in page if belongs_to(each, service)), None)
        if (
            newest is not None
            and newest.status is VerificationStatus.MAX_CHECKS_REACHED
            and newest.expires_at > self._clock()
        ):
            raise VerificationEndedError(newest.id, newest.status)


@contextmanager
def _payment_is_asked_for(*, is_named: bool) -> Iterator[None]:
    """Tell of a code that is for a payment, where the check names none, as Twilio does."""
    try:
        yield
    except InvalidFieldError as error:
        if error.field == "amount" and not is_named:
            raise PaymentMissingError("amount", "is required with Payee: the code is for a payment") from None
        raise
