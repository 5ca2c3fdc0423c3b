"""``/v1/admin/apps``: what is set for one app alone."""

import falcon

from otp_worker.operations import apps

from .request_body import read_body
from .schemas.apps import AppBody, AppsBody, NewAppBody, SettingsBody


class Apps:
    """The apps, and one of them."""

    def __init__(self, found: apps.Apps) -> None:
        self._apps = found

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Every app, by name."""
        shown = [AppBody.of(each) for each in self._apps.all()]
        resp.text = AppsBody(apps=shown).model_dump_json()

    on_head = on_get

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Make an app."""
        body = read_body(req, NewAppBody)
        made = self._apps.create(body.name, body.given())
        resp.status = 201
        resp.text = AppBody.of(made).model_dump_json()

    def on_get_one(self, req: falcon.Request, resp: falcon.Response, app: str) -> None:
        """One app."""
        resp.text = AppBody.of(self._apps.find(app)).model_dump_json()

    on_head_one = on_get_one

    def on_patch_one(self, req: falcon.Request, resp: falcon.Response, app: str) -> None:
        """Set what the body names; null is the operator's again."""
        changed = self._apps.change(app, read_body(req, SettingsBody).given())
        resp.text = AppBody.of(changed).model_dump_json()
