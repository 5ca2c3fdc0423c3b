"""``/v1/verifications``: ask for a code, look, check, send again, cancel."""

import re

import falcon

from api.bodies import CheckBody, CheckResultBody, NumberCheckBody, SendBody, VerificationBody
from api.reading import read_body
from otp_worker.errors import NotFoundError
from otp_worker.issue import Issuer, SendRequest
from otp_worker.model import Verification
from otp_worker.outlook import Outlook
from otp_worker.policy import Clock
from otp_worker.verify import CheckResult, Verifier

_ID = re.compile(r"ver_[0-9A-Z]{26}")


def _possible(verification_id: str) -> str:
    """The id, if it can be one: Postgres does not take every text in a query, NUL for one."""
    if not _ID.fullmatch(verification_id):
        raise NotFoundError("there is no such verification")
    return verification_id


class Verifications:
    """The collection, and one verification of it."""

    def __init__(self, issuer: Issuer, outlook: Outlook, clock: Clock) -> None:
        self._issuer = issuer
        self._outlook = outlook
        self._clock = clock

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Ask for a code to be sent."""
        body = read_body(req, SendBody)
        issued = self._issuer.issue(SendRequest(**body.model_dump()), req.context.app, self._clock())
        self._answer(resp, 202, issued)

    def on_get_one(self, req: falcon.Request, resp: falcon.Response, verification_id: str) -> None:
        """Look at a verification."""
        self._answer(resp, 200, self._issuer.read(_possible(verification_id), req.context.app))

    def on_post_resend(self, req: falcon.Request, resp: falcon.Response, verification_id: str) -> None:
        """Send the same code once more."""
        self._answer(
            resp, 202, self._issuer.resend(_possible(verification_id), req.context.app, self._clock())
        )

    def on_post_cancel(self, req: falcon.Request, resp: falcon.Response, verification_id: str) -> None:
        """End a verification that is not wanted any more."""
        self._answer(
            resp, 200, self._issuer.cancel(_possible(verification_id), req.context.app, self._clock())
        )

    def _answer(self, resp: falcon.Response, status: int, found: Verification) -> None:
        resp.status = status
        if status == 202:
            resp.set_header("Location", f"/v1/verifications/{found.id}")
        now = self._clock()
        wait = self._outlook.of(found.delivery, now)
        resp.text = VerificationBody.of(found, now, wait).model_dump_json()


class Checks:
    """Checks by id and by number."""

    def __init__(self, verifier: Verifier) -> None:
        self._verifier = verifier

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Judge a code against a number's newest pending verification."""
        body = read_body(req, NumberCheckBody)
        self._answer(resp, self._verifier.check_number(body.to, body.code, req.context.app.name))

    def on_post_one(self, req: falcon.Request, resp: falcon.Response, verification_id: str) -> None:
        """Judge a code against a verification."""
        body = read_body(req, CheckBody)
        self._answer(resp, self._verifier.check(_possible(verification_id), body.code, req.context.app.name))

    @staticmethod
    def _answer(resp: falcon.Response, result: CheckResult) -> None:
        resp.text = CheckResultBody.of(result).model_dump_json()
