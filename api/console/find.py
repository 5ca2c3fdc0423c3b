"""Finding one person's code: by number, by the app's user, or by any id."""

import falcon

from api.console.pages import Pages
from otp_worker.service.assembly import Intake
from otp_worker.store import verifications


class Find:
    """The question, and where it leads. It is posted: a number in a URL ends in logs."""

    def __init__(self, pages: Pages, intake: Intake) -> None:
        self._pages = pages
        self._intake = intake

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """The form."""
        self._pages.show(req, resp, "find.html", asked=False, found=[])

    on_head = on_get

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Straight to the one that is found, else a list."""
        what = req.context.form.get("what", "").strip()
        found = [each for each in [verifications.find(self._intake.db, what)] if each]
        if len(found) == 1:
            resp.status = falcon.HTTP_303
            resp.location = f"/verifications/{found[0].id}"
            return
        self._pages.show(req, resp, "find.html", asked=True, found=found)
