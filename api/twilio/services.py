"""``/v2/Services``: an app, and each of its purposes, is a service."""

import json
from dataclasses import dataclass
from typing import Any

import falcon

from otp_worker.domain.app import App
from otp_worker.domain.errors import NotFoundError
from otp_worker.domain.policy import Policy
from otp_worker.domain.twilio_sids import account_sid, service_sid
from otp_worker.operations.apps import Apps

from .errors import NotOfferedError
from .forms import Form, read_form
from .pages import only_page
from .times import iso
from .urls import Urls

_PATH = "/v2/Services"


@dataclass(frozen=True, slots=True)
class Service:
    """What codes are asked for by: an app, for one of its purposes or for none."""

    app: App
    purpose: str | None

    @property
    def sid(self) -> str:
        """Its sid, which every key of the app knows it by."""
        return service_sid(self.app.name, self.purpose)

    @property
    def account_sid(self) -> str:
        """The account of its app."""
        return account_sid(self.app.name)

    @property
    def path(self) -> str:
        """Its path."""
        return f"{_PATH}/{self.sid}"


def services_of(app: App) -> list[Service]:
    """The services of an app, the one without a purpose first."""
    return [Service(app, purpose) for purpose in (None, *(app.settings.purposes or ()))]


def service_of(app: App, sid: str) -> Service:
    """One of an app's services. Raises NotFoundError."""
    for service in services_of(app):
        if service.sid == sid:
            return service
    raise NotFoundError(
        "this account has no such service; otp-worker keys create --twilio prints the one it has"
    )


class Services:
    """The collection, and one service of it: they are looked at, and changed by the operator alone."""

    def __init__(self, apps: Apps, policy: Policy, urls: Urls) -> None:
        self._apps = apps
        self._policy = policy
        self._urls = urls

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """List the app's services."""
        shown = [self._body(req, each) for each in services_of(req.context.app)]
        resp.text = json.dumps(only_page(self._urls.of(req, _PATH), "services", shown))

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer with the service that the app has, unless another one is asked for than it can be."""
        service = services_of(req.context.app)[0]
        self._refuse_other(read_form(req), service)
        resp.status = 201
        resp.text = json.dumps(self._body(req, service))

    def on_get_one(self, req: falcon.Request, resp: falcon.Response, service_sid: str) -> None:
        """Look at a service."""
        resp.text = json.dumps(self._body(req, service_of(req.context.app, service_sid)))

    def on_post_one(self, req: falcon.Request, resp: falcon.Response, service_sid: str) -> None:
        """Answer with the service as it is, unless it is asked to become another."""
        service = service_of(req.context.app, service_sid)
        self._refuse_other(read_form(req), service)
        resp.text = json.dumps(self._body(req, service))

    def on_delete_one(self, req: falcon.Request, resp: falcon.Response, service_sid: str) -> None:
        """Refuse: the operator revokes the app's keys."""
        service_of(req.context.app, service_sid)
        raise NotOfferedError("a service is an app here; the operator ends it with otp-worker keys revoke")

    def _refuse_other(self, form: Form, service: Service) -> None:
        """Raise NotOfferedError for what would make another service of it; its name and its voice do not."""
        has = {"CodeLength": self._code_length(service), "CustomCodeEnabled": self._takes_codes(service)}
        asked = {"CodeLength": form.number("CodeLength"), "CustomCodeEnabled": form.flag("CustomCodeEnabled")}
        for name, value in asked.items():
            if value is not None and value != has[name]:
                setting = "code_length" if name == "CodeLength" else "custom_codes"
                told = str(has[name]).lower()
                raise NotOfferedError(
                    f"{name} is {told} here; the operator changes it with otp-worker apps set and {setting}"
                )
        form.ignore("FriendlyName", "LookupEnabled", "SkipSmsToLandlines", "DtmfInputRequired", "TtsName")

    def _code_length(self, service: Service) -> int:
        return service.app.settings.code_length or self._policy.code_length

    @staticmethod
    def _takes_codes(service: Service) -> bool:
        return bool(service.app.settings.custom_codes)

    def _body(self, req: falcon.Request, service: Service) -> dict[str, Any]:
        app = self._apps.find(service.app.plain_name)
        name = service.app.settings.shown_name or app.name
        url = self._urls.of(req, service.path)
        links = {
            "verifications": "Verifications",
            "verification_checks": "VerificationCheck",
            "rate_limits": "RateLimits",
        }
        return {
            "sid": service.sid,
            "account_sid": service.account_sid,
            "friendly_name": f"{name} ({service.purpose})" if service.purpose else name,
            "code_length": self._code_length(service),
            "lookup_enabled": False,
            "psd2_enabled": True,
            "skip_sms_to_landlines": False,
            "dtmf_input_required": False,
            "tts_name": None,
            "do_not_share_warning_enabled": False,
            "custom_code_enabled": self._takes_codes(service),
            "push": None,
            "totp": None,
            "default_template_sid": None,
            "whatsapp": None,
            "passkeys": None,
            "verify_event_subscription_enabled": False,
            "date_created": iso(app.created_at),
            "date_updated": iso(app.updated_at),
            "url": url,
            "links": {link: f"{url}/{path}" for link, path in links.items()},
        }
