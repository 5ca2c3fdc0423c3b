"""The application that speaks Twilio's shape, and how it stands beside the API's own."""

from collections.abc import Callable, Iterable
from typing import Any

import falcon

from otp_worker.protection.credentials import hash_of_pair
from otp_worker.service.assembly import Intake

from ..deadline_app import DeadlineApp
from ..middleware import Authentication, RequestLog, RequestTimer
from ..problems import add_error_handlers
from ..tracing import RequestSpans
from .attempts import Attempts
from .checks import Checks
from .errors import answer_as_twilio
from .messages import Messages
from .rate_limits import RateLimits
from .routes import TWILIO_ROUTES
from .services import Services
from .templates import Templates
from .urls import Urls
from .verifications import Verifications

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

PREFIX = "/twilio"
VERSIONS = ("/v2/", "/2010-04-01/")
"""What Twilio's own paths begin with: none of ours does."""


class WithTwilio:
    """The API, and Twilio's shape of it: under a prefix, and where Twilio's clients look for it."""

    def __init__(self, api: Wsgi, twilio: Wsgi) -> None:
        self._api = api
        self._twilio = twilio

    def __call__(self, env: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request by the application that its path is for."""
        path: str = env.get("PATH_INFO", "")
        if path.startswith(f"{PREFIX}/"):
            root = f"{env.get('SCRIPT_NAME', '')}{PREFIX}"
            below = {**env, "SCRIPT_NAME": root, "PATH_INFO": path.removeprefix(PREFIX)}
            return self._twilio(below, start_response)
        return (self._twilio if path.startswith(VERSIONS) else self._api)(env, start_response)


def create_twilio_app(intake: Intake, public_url: str | None) -> "falcon.App[Any, Any]":
    """Twilio's shape of the intake; ``public_url`` is where its clients reach it."""
    app = DeadlineApp(
        middleware=[
            RequestLog(),
            RequestTimer(intake.totals.requests, TWILIO_ROUTES),
            *([RequestSpans(intake.tracer)] if intake.tracer.is_on else []),
            Authentication(intake.api_keys, TWILIO_ROUTES, hash_of_pair),
        ]
    )
    app.req_options.strip_url_path_trailing_slash = True
    add_error_handlers(app, intake.clock, intake.refusals, intake.health.probe.doubt, answer_as_twilio)
    resources = {type(resource): resource for resource in _resources(intake, Urls(public_url))}
    for path, kind, suffix in dict.fromkeys(
        (each.path, each.resource, each.suffix) for each in TWILIO_ROUTES
    ):
        app.add_route(path, resources[kind], suffix=suffix)
    return app


def _resources(intake: Intake, urls: Urls) -> Iterable[object]:
    policy = intake.issuer.drafts.policy
    return (
        Services(intake.apps, policy, urls),
        RateLimits(intake.apps, urls),
        Templates(intake.templates, policy, urls),
        Verifications(
            issuer=intake.issuer,
            verifier=intake.verifier,
            trails=intake.trails,
            policy=policy,
            clock=intake.clock,
            urls=urls,
        ),
        Checks(issuer=intake.issuer, verifier=intake.verifier, trails=intake.trails, clock=intake.clock),
        Messages(intake.messenger, intake.clock),
        Attempts(
            issuer=intake.issuer,
            trails=intake.trails,
            conversions=intake.conversions,
            clock=intake.clock,
            urls=urls,
        ),
    )
