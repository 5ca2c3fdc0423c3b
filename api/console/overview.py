"""The first page: whether codes arrive, and what is in the way."""

import falcon

from api.console.pages import Pages
from api.console.sims import sim_cards
from otp_worker.service.assembly import Intake


class Overview:
    """Everything in one look; the script asks for its fragment again and again."""

    def __init__(self, pages: Pages, intake: Intake) -> None:
        self._pages = pages
        self._intake = intake

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """The whole page."""
        self._show(req, resp, "overview.html")

    def on_get_fragment(self, req: falcon.Request, resp: falcon.Response) -> None:
        """What changes on it."""
        self._show(req, resp, "overview/_body.html")

    on_head, on_head_fragment = on_get, on_get_fragment

    def _show(self, req: falcon.Request, resp: falcon.Response, template: str) -> None:
        health, now = self._intake.health, self._intake.clock()
        checks = health.checks(self._intake.clock)
        vitals = health.vitals(now)
        self._pages.show(req, resp, template, checks=checks, cards=sim_cards(vitals, now))
