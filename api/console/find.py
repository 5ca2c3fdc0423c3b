"""Finding one person's code: by number, by the app's user, or by any id."""

import falcon

from otp_worker.operations.trail import Trails

from .pages import Pages

SHOWN = 50
LONGEST = 128
"""No number, user or id is longer."""


class Find:
    """The question, and where it leads. It is posted: a number in a URL ends in logs."""

    def __init__(self, pages: Pages, trails: Trails) -> None:
        self._pages = pages
        self._trails = trails

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """The form."""
        self._pages.show(req, resp, "find.html", asked=False, found=[])

    on_head = on_get

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Straight to the one that is found, else a list."""
        what = req.context.form.get("what", "").strip()
        can_be = 0 < len(what) <= LONGEST and what.isprintable()
        found = self._trails.find(what, SHOWN) if can_be else []
        if len(found) == 1:
            resp.status = falcon.HTTP_303
            resp.location = f"/verifications/{found[0].id}"
            return
        self._pages.show(req, resp, "find.html", asked=True, found=found)
