"""What a link does, step by step: it asks the same intake, resend and check as the calls of its app."""

import hashlib
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from otp_worker.domain.app import App
from otp_worker.domain.entry_link import EntryKeys, EntryLink, EntryRequest, Outcome, leads_to, with_result
from otp_worker.domain.errors import NotFoundError, RequestError, UnauthenticatedError, VerificationEndedError
from otp_worker.domain.sealing import BrokenSealError
from otp_worker.domain.verification import Verification
from otp_worker.issue.request import SendRequest
from otp_worker.service.assembly import Intake
from otp_worker.store import entry_links, verifications

INVALID, EXPIRED, USED, COOKIES = "link_invalid", "link_expired", "link_used", "link_cookies"


class LinkOverError(RequestError):
    """A link leads to nothing, or to nothing any more; ``problem`` says why."""

    http_status = 410
    problem = ""

    def __init__(self, problem: str, visit: "Visit | None" = None) -> None:
        super().__init__("this link leads to nothing")
        self.problem = problem
        self.visit = visit
        if problem in (INVALID, COOKIES):
            self.http_status = 404 if problem == INVALID else 403


@dataclass(frozen=True, slots=True)
class Visit:
    """A link that is open, as the browser that follows it may see it."""

    link: EntryLink
    request: EntryRequest
    app: App
    verification: Verification | None = None

    @property
    def name(self) -> str:
        """What the app is called."""
        return self.app.settings.shown_name or self.app.plain_name


class EntryDesk:
    """Opens links, and does what their people ask for."""

    def __init__(self, intake: Intake, url: str) -> None:
        self._intake = intake
        self._db = intake.db
        self._url = url
        self.keys = EntryKeys(intake.issuer.drafts.keyring)

    def open(self, token: str, session: str | None) -> Visit:
        """The link of a token, for the browser with this cookie; raises LinkOverError."""
        link_id = self.keys.link_id(token)
        if link_id is None:
            raise LinkOverError(INVALID)
        link = entry_links.find(self._db, link_id)
        # The signature is ours, so there was such a link.
        visit = self._visit(link) if link else None
        if link is None or visit is None:
            raise LinkOverError(EXPIRED)
        if link.session_hash not in (None, _hash(session)):
            raise LinkOverError(USED, visit)
        now = self._intake.clock()
        if link.outcome and not link.has_result(now):
            raise LinkOverError(USED, visit)
        if link.outcome is None and link.expires_at <= now:
            raise LinkOverError(EXPIRED, visit)
        if link.verification_id is None:
            return visit
        return replace(visit, verification=verifications.find(self._db, link.verification_id, link.app))

    def send(self, visit: Visit, session: str | None, request_id: str) -> None:
        """Ask for the code, once whatever is posted twice. Raises as a send does, and LinkOverError."""
        self._take_act(visit, session)
        if visit.link.verification_id is not None:
            return
        request = SendRequest(**visit.request.send, request_id=request_id)
        issue, now = self._intake.issuer.issue, self._intake.clock()
        answered = self._intake.idempotency.run(
            app=visit.app.name,
            key=f"entry/{visit.link.id}",
            request=f"entry {visit.link.id}",
            act=lambda once: issue(request, visit.app, now, once).verification.id,
            recover=lambda verification_id: verification_id,
        )
        entry_links.adopt(self._db, visit.link.id, answered.text)

    def resend(self, visit: Visit, verification: Verification, session: str | None) -> None:
        """Ask for the same code once more. Raises as a resend does, and LinkOverError."""
        self._take_act(visit, session)
        self._intake.resender.resend(verification.id, visit.app, self._intake.clock())

    def check(self, visit: Visit, verification: Verification, session: str | None, code: str) -> bool:
        """Judge a code; whether it is right. Raises as a check does, and LinkOverError."""
        self._take_act(visit, session)
        app, ip = visit.app, visit.request.send.get("ip")
        result = self._intake.verifier.check(verification.id, code, app.name, ip, app.rates, app.key_hash)
        # Of this link alone: another that waits for the same code has entered none.
        return result.valid and self._finish(visit, Outcome.APPROVED)

    def decline(self, visit: Visit, session: str | None) -> bool:
        """The person says that the number is not theirs; False if the link has an outcome already."""
        self._take_act(visit, session)
        declined = self._finish(visit, Outcome.NOT_MY_NUMBER)
        if declined and visit.link.verification_id is not None:
            with suppress(NotFoundError, VerificationEndedError):
                self._intake.issuer.cancel(visit.link.verification_id, visit.app, self._intake.clock())
        return declined

    def way_back(self, visit: Visit) -> str | None:
        """Where the person goes back to, with the result if there is one.

        None once the app's origin is another than when it made the link.
        """
        back = visit.request.return_url
        if not leads_to(back, visit.app.settings.web_origin):
            return None
        if visit.link.outcome is None:
            return back
        return with_result(back, self.keys.sign(visit.link, self._url, visit.app.plain_name))

    def now(self) -> datetime:
        """What time it is."""
        return self._intake.clock()

    def _visit(self, link: EntryLink) -> Visit | None:
        """None once the link's key is revoked, or its root secret is no longer listed."""
        try:
            request = EntryRequest.of_json(self.keys.open(link.sealed, link.id))
            return Visit(link, request, self._intake.api_keys.of_hash(link.key_hash))
        except (BrokenSealError, UnauthenticatedError):
            return None

    def _take_act(self, visit: Visit, session: str | None) -> None:
        session_hash = _hash(session)
        if session_hash is None:
            raise LinkOverError(COOKIES, visit)
        if not entry_links.take_act(self._db, visit.link.id, session_hash, self._intake.clock()):
            raise LinkOverError(USED, visit)

    def _finish(self, visit: Visit, outcome: Outcome) -> bool:
        return entry_links.finish(self._db, visit.link.id, outcome, self._intake.clock())


def _hash(session: str | None) -> bytes | None:
    return hashlib.sha256(session.encode()).digest() if session else None
