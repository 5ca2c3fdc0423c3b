"""One verification: its cause, its trail, and what may be done to it."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, tzinfo

import falcon

from otp_worker.domain.app import App
from otp_worker.domain.errors import NotFoundError
from otp_worker.domain.message import is_message
from otp_worker.domain.sim import SANDBOX
from otp_worker.domain.verification import Verification, VerificationStatus
from otp_worker.operations.trail import Trail, Trails
from otp_worker.service.assembly import Intake
from otp_worker.store import audit

from .acts import Acts
from .confirmations import confirm, done
from .pages import Pages
from .timeline import Line, lines
from .words import starred, state_of
from .zones import zone_of

_ID = re.compile(r"(ver|msg)_[0-9A-Z]{26}")
_OFFERS = {"resend": "Send again", "cancel": "Cancel", "unlock": "Unlock the number"}
_QUESTIONS = {
    "cancel": (
        "Cancel this verification?",
        "Its code is not good any more, and what is not sent yet is called back. Its app may ask anew.",
        "Cancel it",
    ),
    "resend": (
        "Send the code once more?",
        "The person gets the same code in another SMS. It counts toward the limits of its app and number.",
        "Send it",
    ),
    "unlock": (
        "Unlock the number?",
        "Too many wrong codes, or its person's report, have locked it. Codes can be entered again at once.",
        "Unlock it",
    ),
}


class Verifications:
    """One verification, found by its id."""

    def __init__(self, pages: Pages, intake: Intake, trails: Trails, acts: Acts) -> None:
        self._pages = pages
        self._trails = trails
        self._intake = intake
        self._acts = acts

    def on_get(self, req: falcon.Request, resp: falcon.Response, verification_id: str) -> None:
        """Where it stands and why, and everything that happened."""
        found = self._trail(verification_id, zone_of(req))
        verification = found.verification
        told = lines(found.moments)
        self._pages.show(
            req,
            resp,
            "verification.html",
            found=verification,
            deliveries=found.deliveries,
            status=state_of(verification, self._intake.clock()),
            cause=found.cause.for_operators,
            lines=told,
            support=_for_support(verification, found.cause.for_operators, told),
            acts=[(act, _OFFERS[act]) for act in self._possible(verification)],
            said=audit.of_login(self._intake.db, req.get_param("done"), req.context.session.login),
        )

    on_head = on_get

    def on_get_act(self, req: falcon.Request, resp: falcon.Response, verification_id: str, act: str) -> None:
        """Ask before it is done."""
        found = self._find(verification_id)
        if act not in _QUESTIONS:
            raise falcon.HTTPNotFound
        question, effect, yes = _QUESTIONS[act]
        back = f"/verifications/{found.id}"
        confirm(self._pages, req, resp, question=question, effect=effect, yes=yes, back=back)

    on_head_act = on_get_act

    def on_post_act(self, req: falcon.Request, resp: falcon.Response, verification_id: str, act: str) -> None:
        """Do it, for its app."""
        found = self._find(verification_id)
        doing: dict[str, Callable[[Verification], str]] = {
            "cancel": self._cancel,
            "resend": self._resend,
            "unlock": self._unlock,
        }
        if act not in doing or (act == "resend" and is_message(found)):
            raise falcon.HTTPNotFound
        entry = self._acts.perform(req.context.session.login, act, found.id, lambda: doing[act](found))
        done(resp, f"/verifications/{found.id}", entry)

    def _cancel(self, found: Verification) -> str:
        self._intake.issuer.cancel(found.id, self._app(found), self._intake.clock())
        return "It is canceled."

    def _resend(self, found: Verification) -> str:
        accepted = self._intake.resender.resend(found.id, self._app(found), self._intake.clock())
        is_new = accepted.verification.delivery.id != (found.newest_delivery and found.newest_delivery.id)
        return "Another SMS is on its way." if is_new else "Its SMS is still on its way; none is added."

    def _unlock(self, found: Verification) -> str:
        self._intake.operator.unlock_number_of(found.id)
        return f"{found.to} is unlocked."

    def _possible(self, found: Verification) -> list[str]:
        now = self._intake.clock()
        if found.status_at(now) is VerificationStatus.PENDING:
            acts = ["resend", "cancel"] if found.newest_delivery and not is_message(found) else ["cancel"]
        else:
            acts = []
        return [*acts, "unlock"] if self._intake.operator.number_is_locked(found.id, now) else acts

    def _app(self, found: Verification) -> App:
        """The app that it belongs to, with its settings; what is rehearsed stays a rehearsal."""
        settings, newest = self._intake.apps.settings_of(found.app), found.newest_delivery
        is_test = newest is not None and newest.route == SANDBOX
        return App(found.app, test=is_test, rates=settings.rates, settings=settings)

    def _find(self, verification_id: str) -> Verification:
        return self._trail(verification_id).verification

    def _trail(self, verification_id: str, zone: tzinfo = UTC) -> Trail:
        # Postgres does not take every text in a query, NUL for one.
        known = _ID.fullmatch(verification_id)
        found = self._trails.trail(verification_id, zone=zone) if known else None
        if found is None:
            raise NotFoundError("there is no such verification")
        return found


def _for_support(found: Verification, cause: str, told: Sequence[Line]) -> str:
    """What may be sent to others: the number masked, and nothing secret."""
    head = (
        found.id,
        f"app {found.app}, number {found.to}",
        f"asked for at {found.created_at:%Y-%m-%d %H:%M:%S}Z",
        cause,
    )
    trail = (f"{line.offset:>8}  {line.hop:8}  {line.what}" for line in told)
    return "\n".join(map(starred, (*head, "", *trail)))
