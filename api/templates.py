"""``/v1/admin/apps/{app}/templates``: what the SMS of one app say."""

import falcon

from otp_worker.operations.templates import AppTemplates

from .request_body import read_body, read_query
from .schemas.templates import TemplateBody, TemplateDefinitionBody, TemplatesBody, VersionQuery

MAX_TEMPLATE_BYTES = 65536
"""Texts in many languages are longer than any other body."""


class Templates:
    """The templates of an app, and one of them."""

    def __init__(self, templates: AppTemplates) -> None:
        self._templates = templates

    def on_get(self, req: falcon.Request, resp: falcon.Response, app: str) -> None:
        """Those that are in use, by name."""
        shown = [TemplateBody.of(each) for each in self._templates.all(app)]
        resp.text = TemplatesBody(templates=shown).model_dump_json()

    on_head = on_get

    def on_get_one(self, req: falcon.Request, resp: falcon.Response, app: str, template: str) -> None:
        """One of them, in one of its versions."""
        version = read_query(req, VersionQuery).version
        resp.text = TemplateBody.of(self._templates.find(app, template, version)).model_dump_json()

    on_head_one = on_get_one

    def on_put_one(self, req: falcon.Request, resp: falcon.Response, app: str, template: str) -> None:
        """Define it; what is in use already as the body says stays."""
        body = read_body(req, TemplateDefinitionBody, MAX_TEMPLATE_BYTES)
        defined = self._templates.define(app, template, body.template())
        resp.text = TemplateBody.of(defined).model_dump_json()

    def on_delete_one(self, req: falcon.Request, resp: falcon.Response, app: str, template: str) -> None:
        """Take it out of use; what was asked for with it keeps its words."""
        resp.text = TemplateBody.of(self._templates.remove(app, template)).model_dump_json()
