"""``/v1/verifications``: ask for a code, look, check, send again, cancel."""

from collections.abc import Callable

import falcon
import structlog

from otp_worker.domain.app import App
from otp_worker.domain.inbound_token import INBOUND
from otp_worker.domain.payment import Payment
from otp_worker.domain.ports import Clock
from otp_worker.domain.verification import Verification
from otp_worker.issue.idempotency import HEADER, REPLAYED_HEADER, Idempotency
from otp_worker.issue.issuer import Issuer
from otp_worker.issue.request import Accepted, SendRequest
from otp_worker.issue.resend import Resender
from otp_worker.issue.reverse import Inviter
from otp_worker.operations.wait_estimate import WaitEstimates
from otp_worker.store.idempotency_keys import IdempotencyKey
from otp_worker.verify import CheckResult, Verifier

from .path_ids import valid_id
from .request_body import read_body
from .schemas.verifications import (
    AcceptedBody,
    CheckBody,
    CheckResultBody,
    NumberCheckBody,
    SendBody,
    VerificationBody,
)
from .trail import Listing

_NEW_FIELDS = (
    *("new", "purpose", "client_reference", "tags", "limits", "fields", "android_hash", "code"),
    *("amount", "currency", "payee"),
)
"""Fields of a send that older versions do not know."""


class Verifications:
    """The collection, and one verification of it."""

    def __init__(
        self,
        *,
        issuer: Issuer,
        resender: Resender,
        inviter: Inviter,
        idempotency: Idempotency,
        outlook: WaitEstimates,
        listing: Listing,
        clock: Clock,
    ) -> None:
        self._issuer = issuer
        self._resender = resender
        self._inviter = inviter
        self._idempotency = idempotency
        self._outlook = outlook
        self._listing = listing
        self._clock = clock

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Ask for a code to be sent."""
        app: App = req.context.app
        body = read_body(req, SendBody)
        payment = body.payment
        fields = body.model_dump(exclude={"amount", "currency", "payee"})
        request = SendRequest(**fields, payment=payment, request_id=req.context.request_id)
        ask = self._inviter.invite if request.channel == INBOUND else self._issuer.issue
        unused = {name for name in _NEW_FIELDS if not getattr(body, name)}
        self._accept(
            req,
            resp,
            # A field that is new to the API is no other request where it is not used.
            f"send {body.model_dump_json(exclude=unused)}",
            lambda once: ask(request, app, self._clock(), once),
            payment,
        )

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List verifications, newest first."""
        self._listing.answer(req, resp)

    on_head = on_get

    def on_get_one(self, req: falcon.Request, resp: falcon.Response, verification_id: str) -> None:
        """Look at a verification."""
        found = self._issuer.read(valid_id(verification_id), req.context.app)
        resp.text = self._body(found).model_dump_json()

    on_head_one = on_get_one

    def on_post_resend(self, req: falcon.Request, resp: falcon.Response, verification_id: str) -> None:
        """Send the same code once more."""
        app: App = req.context.app
        possible = valid_id(verification_id)
        self._accept(
            req,
            resp,
            f"resend {possible}",
            lambda once: self._resender.resend(possible, app, self._clock(), once),
        )

    def on_post_cancel(self, req: falcon.Request, resp: falcon.Response, verification_id: str) -> None:
        """End a verification that is not wanted any more."""
        app: App = req.context.app
        canceled = self._issuer.cancel(valid_id(verification_id), app, self._clock())
        resp.text = self._body(canceled).model_dump_json()

    def _accept(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        request: str,
        act: Callable[[IdempotencyKey | None], Accepted],
        payment: Payment | None = None,
    ) -> None:
        """Answer 202 with what ``act`` accepts; with an Idempotency-Key, what it accepted before."""
        app: App = req.context.app
        answered = self._idempotency.run(
            app=app.name,
            key=req.get_header(HEADER),
            request=request,
            act=lambda once: self._accepted(act(once)),
            recover=lambda verification_id: self._accepted(
                Accepted(self._issuer.read(verification_id, app), [])
            ),
        )
        # An answer that an older version kept is completed with the fields that are new since.
        answer = AcceptedBody.model_validate_json(answered.text)
        if payment is not None:
            # From the request, which is the same when it is repeated: it is kept nowhere in clear.
            named = {"amount": payment.amount, "currency": payment.currency, "payee": payment.payee}
            answer = answer.model_copy(update=named)
        structlog.contextvars.bind_contextvars(verification=answer.id)
        resp.status = 202
        if answered.replayed:
            resp.set_header(REPLAYED_HEADER, "true")
        resp.set_header("Location", f"/v1/verifications/{answer.id}")
        resp.text = answer.model_dump_json()

    def _accepted(self, accepted: Accepted) -> str:
        return AcceptedBody.accepted(
            self._body(accepted.verification), accepted.left, accepted.inbound, resent=accepted.resent
        ).model_dump_json()

    def _body(self, found: Verification) -> VerificationBody:
        now = self._clock()
        sms = found.newest_delivery
        return VerificationBody.of(found, now, self._outlook.of(sms, now) if sms else None)


class Checks:
    """Checks by id and by number."""

    def __init__(self, verifier: Verifier) -> None:
        self._verifier = verifier

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Judge a code against a number's newest pending verification."""
        app: App = req.context.app
        body = read_body(req, NumberCheckBody)
        self._answer(resp, self._judge_number(body, app))

    def on_post_one(self, req: falcon.Request, resp: falcon.Response, verification_id: str) -> None:
        """Judge a code against a verification."""
        app: App = req.context.app
        body = read_body(req, CheckBody)
        possible = valid_id(verification_id)
        result = self._verifier.check(
            possible, body.code, app.name, body.ip, app.rates, app.key_hash, body.payment
        )
        self._answer(resp, result)

    def _judge_number(self, body: NumberCheckBody, app: App) -> CheckResult:
        return self._verifier.check_number(
            body.to,
            body.code,
            app.name,
            body.ip,
            app.rates,
            app.key_hash,
            purpose=body.purpose,
            payment=body.payment,
        )

    @staticmethod
    def _answer(resp: falcon.Response, result: CheckResult) -> None:
        structlog.contextvars.bind_contextvars(verification=result.id)
        resp.text = CheckResultBody.of(result).model_dump_json()
