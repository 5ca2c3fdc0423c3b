"""Countries and blocks: what is paused for what looks like SMS pumping, and ending that."""

from datetime import UTC, datetime, timedelta

import falcon

from otp_worker.domain.errors import NotFoundError
from otp_worker.domain.overview import Window
from otp_worker.domain.ports import Clock
from otp_worker.operations.admin import Operator
from otp_worker.operations.overview import OverviewReader
from otp_worker.store import audit
from otp_worker.store.pauses import Pause

from .acts import Acts
from .confirmations import confirm, done
from .pages import Pages

LIFTED_FOR = timedelta(days=1)
FOR_GOOD = datetime(9999, 1, 1, tzinfo=UTC)


class Countries:
    """How codes fare by country, and what is paused."""

    def __init__(
        self, pages: Pages, operator: Operator, reader: OverviewReader, acts: Acts, clock: Clock
    ) -> None:
        self._pages = pages
        self._reader = reader
        self._operator = operator
        self._acts = acts
        self._clock = clock

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """The figures of a day, and every pause."""
        now = self._clock()
        self._pages.show(
            req,
            resp,
            "countries.html",
            countries=self._reader.countries(Window.DAY, now),
            pauses=self._operator.pauses(now),
            said=audit.of_login(self._operator.db, req.get_param("done"), req.context.session.login),
        )

    on_head = on_get

    def on_get_lift(self, req: falcon.Request, resp: falcon.Response, name: str) -> None:
        """Ask before a pause is ended."""
        self._ask(
            req, resp, name, "End the pause of", "Sends there go on, and it is not paused again for a day."
        )

    def on_get_exempt(self, req: falcon.Request, resp: falcon.Response, name: str) -> None:
        """Ask before something is never paused again."""
        effect = "Sends there are never paused, until `otp-worker guard watch` says otherwise."
        self._ask(req, resp, name, "Never pause", effect)

    on_head_lift, on_head_exempt = on_get_lift, on_get_exempt

    def on_post_lift(self, req: falcon.Request, resp: falcon.Response, name: str) -> None:
        """End a pause for a day."""
        until = self._clock() + LIFTED_FOR
        self._exempt(req, resp, name, "lift the pause", until, "is not paused for a day")

    def on_post_exempt(self, req: falcon.Request, resp: falcon.Response, name: str) -> None:
        """Never pause it."""
        self._exempt(req, resp, name, "exempt", FOR_GOOD, "is never paused")

    def _ask(self, req: falcon.Request, resp: falcon.Response, name: str, question: str, effect: str) -> None:
        label = self._known(name).label
        back = "/countries"
        confirm(self._pages, req, resp, question=f"{question} {label}?", effect=effect, yes="Yes", back=back)

    def _exempt(
        self, req: falcon.Request, resp: falcon.Response, name: str, action: str, until: datetime, effect: str
    ) -> None:
        known = self._known(name)

        def act() -> str:
            self._operator.exempt(known.name, until)
            return f"{known.label} {effect}."

        done(resp, "/countries", self._acts.perform(req.context.session.login, action, known.label, act))

    def _known(self, name: str) -> Pause:
        known = (each for each in self._operator.pauses(self._clock()) if each.name == name)
        found = next(known, None)
        if found is None:
            raise NotFoundError("there is no such country or block here")
        return found
