"""``/v2/Services/{VA}/RateLimits`` and their buckets: the app's own buckets, and each of their rates.

Twilio's rate limit is what we call a bucket, and Twilio's bucket one of its rates.
"""

import json
from collections.abc import Mapping
from typing import Any

import falcon

from otp_worker.domain.app import App
from otp_worker.domain.errors import NotFoundError
from otp_worker.domain.limits import Rate
from otp_worker.domain.twilio_sids import bucket_sid, rate_limit_sid
from otp_worker.operations.apps import Apps

from .errors import NotOfferedError
from .pages import only_page
from .services import Service, service_of
from .times import iso
from .urls import Urls

_CHANGED_BY_THE_OPERATOR = "the operator changes them: otp-worker apps set, and the setting buckets"


class RateLimits:
    """The rate limits of a service, and one of them."""

    def __init__(self, apps: Apps, urls: Urls) -> None:
        self._apps = apps
        self._urls = urls

    def on_get(self, req: falcon.Request, resp: falcon.Response, service_sid: str) -> None:
        """List them."""
        service = service_of(req.context.app, service_sid)
        dates = self._dates(service.app)
        shown = [self._body(req, service, name, dates) for name in service.app.settings.bucket_rates]
        resp.text = json.dumps(only_page(self._urls.of(req, _path(service)), "rate_limits", shown))

    def on_get_one(self, req: falcon.Request, resp: falcon.Response, service_sid: str, limit: str) -> None:
        """Look at one."""
        service = service_of(req.context.app, service_sid)
        name = name_of(service.app, limit)
        resp.text = json.dumps(self._body(req, service, name, self._dates(service.app)))

    def on_get_buckets(
        self, req: falcon.Request, resp: falcon.Response, service_sid: str, limit: str
    ) -> None:
        """List the rates of one."""
        service = service_of(req.context.app, service_sid)
        name = name_of(service.app, limit)
        shown = self._buckets(req, service, name)
        url = self._urls.of(req, f"{_path(service, name)}/Buckets")
        resp.text = json.dumps(only_page(url, "buckets", shown))

    def on_get_bucket(
        self, req: falcon.Request, resp: falcon.Response, service_sid: str, limit: str, bucket: str
    ) -> None:
        """Look at one rate."""
        service = service_of(req.context.app, service_sid)
        for shown in self._buckets(req, service, name_of(service.app, limit)):
            if shown["sid"] == bucket:
                resp.text = json.dumps(shown)
                return
        raise NotFoundError("this rate limit has no such bucket")

    def on_post(self, req: falcon.Request, _resp: falcon.Response, service_sid: str, **_: str) -> None:
        """Refuse: an app that changes its own limits has none."""
        service_of(req.context.app, service_sid)
        raise NotOfferedError(_CHANGED_BY_THE_OPERATOR)

    on_post_one = on_post_buckets = on_post_bucket = on_delete_one = on_delete_bucket = on_post

    def _dates(self, app: App) -> Mapping[str, str]:
        found = self._apps.find(app.plain_name)
        return {"date_created": iso(found.created_at), "date_updated": iso(found.updated_at)}

    def _body(
        self, req: falcon.Request, service: Service, name: str, dates: Mapping[str, str]
    ) -> dict[str, Any]:
        url = self._urls.of(req, _path(service, name))
        return {
            "sid": rate_limit_sid(service.app.plain_name, name),
            "service_sid": service.sid,
            "account_sid": service.account_sid,
            "unique_name": name,
            "description": None,
            **dates,
            "url": url,
            "links": {"buckets": f"{url}/Buckets"},
        }

    def _buckets(self, req: falcon.Request, service: Service, name: str) -> list[dict[str, Any]]:
        dates = self._dates(service.app)
        rates = service.app.settings.bucket_rates[name]
        return [{**self._bucket(req, service, name, rate), **dates} for rate in rates]

    def _bucket(self, req: falcon.Request, service: Service, name: str, rate: Rate) -> dict[str, Any]:
        sid = bucket_sid(service.app.plain_name, name, rate.count, rate.seconds)
        return {
            "sid": sid,
            "rate_limit_sid": rate_limit_sid(service.app.plain_name, name),
            "service_sid": service.sid,
            "account_sid": service.account_sid,
            "max": rate.count,
            "interval": rate.seconds,
            "url": self._urls.of(req, f"{_path(service, name)}/Buckets/{sid}"),
        }


def name_of(app: App, limit: str) -> str:
    """The bucket of a rate limit's sid, or of its unique name. Raises NotFoundError."""
    for name in app.settings.bucket_rates:
        if limit in (name, rate_limit_sid(app.plain_name, name)):
            return name
    raise NotFoundError("this service has no such rate limit")


def _path(service: Service, name: str | None = None) -> str:
    limits = f"{service.path}/RateLimits"
    return limits if name is None else f"{limits}/{rate_limit_sid(service.app.plain_name, name)}"
