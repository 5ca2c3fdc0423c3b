"""``/v2/Templates``: what a code's SMS may say, the app's own templates and the operator's."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import falcon

from otp_worker.domain.app import App
from otp_worker.domain.policy import Policy
from otp_worker.domain.twilio_sids import account_sid, template_sid
from otp_worker.operations.templates import AppTemplates

from .pages import only_page
from .times import iso
from .urls import Urls


class Templates:
    """The templates that an app may name."""

    def __init__(self, templates: AppTemplates, policy: Policy, urls: Urls) -> None:
        self._templates = templates
        self._policy = policy
        self._urls = urls

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List them; one of the app's goes before the operator's of the same name."""
        app: App = req.context.app
        wanted = req.get_param("FriendlyName")
        found = dict(self._translations(app))
        shown = [_body(app, name, told) for name, told in found.items() if wanted in (None, name)]
        resp.text = json.dumps(only_page(self._urls.of(req, "/v2/Templates"), "templates", shown))

    def _translations(self, app: App) -> Iterator[tuple[str, Mapping[str, Any]]]:
        default = self._policy.languages.default or "en"
        for name, text in self._policy.templates.items():
            yield name, {default: _translation(default, text, None, is_default=True)}
        for found in self._templates.all(app.plain_name) if app.templates else ():
            template, since = found.template, iso(found.created_at)
            yield (
                found.name,
                {
                    tag: _translation(tag, text, since, is_default=tag == template.default_locale)
                    for tag, text in template.texts.items()
                },
            )


def _body(app: App, name: str, translations: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "sid": template_sid(name),
        "account_sid": account_sid(app.name),
        "friendly_name": name,
        "channels": ["sms"],
        "translations": translations,
    }


def _translation(tag: str, text: str, since: str | None, *, is_default: bool) -> dict[str, Any]:
    return {
        "is_default_translation": is_default,
        "status": "approved",
        "locale": tag,
        "text": text,
        "date_updated": since,
        "date_created": since,
    }
