"""The first five minutes on one page: a key, a code on its way, the phone beside it, the check."""

import json
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import falcon
import requests

from otp_worker.domain.fictional_number import fictional_number

from ..reference.code_samples import Call, CodeSample, code_samples, written_out
from .guard import LINK_OVER, SIGN_IN, content_security_policy, is_signed_in, keep_session
from .pages import Pages
from .sessions import Sessions
from .tour import WELCOME, Ticket, Tour, is_loopback_url, read_tour

_ALL = "/v1/verifications"
_ANSWER_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Answered:
    """A call that the page made for its reader, and what came of it."""

    call: Call
    status: int
    answer: dict[str, Any]

    @property
    def is_good(self) -> bool:
        """Whether the API did what it was asked for."""
        return self.status < HTTPStatus.BAD_REQUEST

    @property
    def verdict(self) -> str:
        """The status as HTTP names it."""
        return f"{self.status} {HTTPStatus(self.status).phrase}"

    @property
    def text(self) -> str:
        """The answer, a field a line."""
        return json.dumps(self.answer, indent=2, ensure_ascii=False)


class Welcome:
    """The page, which asks the API as an app's backend does."""

    def __init__(self, pages: Pages, sessions: Sessions, tour: Tour, ticket: Ticket) -> None:
        self._pages = pages
        self._sessions = sessions
        self._tour = tour
        self._ticket = ticket
        self._api = requests.Session()
        self._api.trust_env = False
        self._api.headers["Authorization"] = f"Bearer {tour.api_key}"

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """The page; with the demo's ticket, the login to it."""
        if not is_loopback_url(f"http://{req.host}"):
            raise falcon.HTTPForbidden(description="This page is opened on the demo's own machine.")
        if is_signed_in(req) and not req.has_param("ticket"):
            self._show(req, resp, fictional_number())
            return
        resp.status = falcon.HTTP_303
        resp.location = WELCOME
        ticket = req.get_param("ticket", default="")
        if self._ticket.use(ticket):
            cookie, _ = self._sessions.begin(self._tour.login)
            keep_session(req, resp, cookie)
        elif not is_signed_in(req):
            resp.location = f"{SIGN_IN}?next={WELCOME}" + (f"&{LINK_OVER}" if ticket else "")

    def on_post_send(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Send a code to the number that was typed."""
        number = req.context.form.get("number", "").strip()
        sent = self._make(_send(number))
        verification_id = str(sent.answer.get("id", "")) if sent.is_good else ""
        self._show(req, resp, number, verification_id, sent=sent)

    def on_post_check(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Check the code that was typed."""
        form = req.context.form
        verification_id, code = form.get("verification", ""), form.get("code", "").strip()
        if not (verification_id.isascii() and verification_id.isidentifier()):
            raise falcon.HTTPBadRequest(description="This form names no verification.")
        checked = self._make(Call("POST", f"{_ALL}/{verification_id}/check", {"code": code}))
        self._show(req, resp, form.get("number", ""), verification_id, checked=checked)

    def _make(self, call: Call) -> Answered:
        try:
            answer = self._api.post(self._tour.api_url + call.path, json=call.body, timeout=_ANSWER_SECONDS)
            return Answered(call, answer.status_code, answer.json())
        except (requests.RequestException, ValueError):
            problem = {"detail": "The API does not answer. The demo's terminal says why."}
            return Answered(call, HTTPStatus.BAD_GATEWAY, problem)

    def _show(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        number: str,
        verification_id: str = "",
        *,
        sent: Answered | None = None,
        checked: Answered | None = None,
    ) -> None:
        policy = content_security_policy(req.context.nonce, frames=self._tour.phone_url)
        resp.set_header("Content-Security-Policy", policy)
        self._pages.show(
            req,
            resp,
            "welcome.html",
            tour=self._tour,
            number=number,
            verification_id=verification_id,
            sent=sent,
            checked=checked,
            approved=checked is not None and checked.answer.get("status") == "approved",
            send_samples=self._samples(_send(number)),
            check_samples=self._samples(checked.call) if checked else (),
        )

    def _samples(self, call: Call) -> tuple[CodeSample, ...]:
        return code_samples(call, written_out(self._tour.api_url, self._tour.api_key))


def _send(number: str) -> Call:
    return Call("POST", _ALL, {"to": number})


def welcome_page(pages: Pages, sessions: Sessions, tour_file: Path) -> Welcome:
    """The page of the demo that wrote this file. Raises ConfigurationError."""
    return Welcome(pages, sessions, read_tour(tour_file), Ticket(tour_file))
