"""The WSGI application: the routes' table and the parts that answer it, and nothing that decides anything."""

from collections.abc import Iterable
from typing import Any

import falcon
from falcon.inspect import inspect_routes

from otp_worker.service.assembly import Intake

from .admin import Numbers, Pauses
from .apps import Apps
from .callbacks import CallbackResource
from .conversions import ConversionsResource
from .deadline_app import DeadlineApp
from .docs import STATIC, STATIC_PATH, Docs, Home, OpenApi, Problems, StaticCache
from .endpoints import EndpointEvents, Endpoints
from .entry.desk import EntryDesk
from .entry.links import EntryLinks
from .entry.page import EntryPage
from .entry.pages import EntryPages
from .health import Alive, Ready
from .hooks.resource import HookResource
from .message_batches import MessageBatches
from .messages import Messages
from .metrics import Metrics
from .middleware import Authentication, RequestLog, RequestTimer, TrailingSlash
from .problems import add_error_handlers
from .reference.openapi import openapi_document
from .routes import ROUTES
from .templates import Templates
from .tracing import RequestSpans
from .trail import Listing, Search, Timeline
from .verifications import Checks, Verifications


def create_app(
    intake: Intake, welcome_url: str | None = None, entry_url: str | None = None
) -> "falcon.App[Any, Any]":
    """The HTTP intake over the given parts; starts nothing and reads no environment.

    ``welcome_url`` is where a demo shows the first steps. ``entry_url`` is where people reach us, if there is
    to be an entry page.
    """
    app = DeadlineApp(
        middleware=[
            RequestLog(),
            RequestTimer(intake.totals.requests, ROUTES),
            *([RequestSpans(intake.tracer)] if intake.tracer.is_on else []),
            StaticCache(),
            Authentication(intake.api_keys, ROUTES),
        ]
    )
    app.req_options.strip_url_path_trailing_slash = False
    add_error_handlers(app, intake.clock, intake.refusals, intake.health.probe.doubt)
    resources = {type(resource): resource for resource in _resources(intake, welcome_url, entry_url)}
    for path, kind, suffix in dict.fromkeys((route.path, route.resource, route.suffix) for route in ROUTES):
        app.add_route(path, resources[kind], suffix=suffix)
    app.add_static_route(STATIC_PATH, STATIC)
    routes = inspect_routes(app)
    app.add_middleware(TrailingSlash(route.path for route in routes if "{" not in route.path))
    return app


def _resources(intake: Intake, welcome_url: str | None, entry_url: str | None) -> Iterable[object]:
    clock = intake.clock
    return (
        *_sending(intake),
        *_entry(intake, entry_url),
        Checks(intake.verifier),
        Search(intake.trails, clock),
        Timeline(intake.trails, clock),
        ConversionsResource(intake.conversions, clock),
        Pauses(intake.operator, clock),
        Numbers(intake.operator),
        Apps(intake.apps),
        Templates(intake.templates),
        Endpoints(intake.endpoints),
        EndpointEvents(intake.endpoints),
        CallbackResource(intake.callbacks, clock),
        Alive(),
        Ready(intake.health, clock),
        Metrics(intake.health, intake.refusals, intake.totals, clock),
        OpenApi(openapi_document()),
        Docs(),
        Problems(),
        Home(welcome_url),
    )


def _entry(intake: Intake, url: str | None) -> Iterable[object]:
    pages = EntryPages(intake.issuer.drafts.policy.languages, url)
    return EntryLinks(intake, url), EntryPage(EntryDesk(intake, url) if url else None, pages, url)


def _sending(intake: Intake) -> Iterable[object]:
    return (
        Verifications(
            issuer=intake.issuer,
            resender=intake.resender,
            inviter=intake.inviter,
            idempotency=intake.idempotency,
            outlook=intake.outlook,
            listing=Listing(intake.trails, intake.clock),
            clock=intake.clock,
        ),
        Messages(
            messenger=intake.messenger,
            idempotency=intake.idempotency,
            outlook=intake.outlook,
            trails=intake.trails,
            clock=intake.clock,
        ),
        MessageBatches(
            messenger=intake.messenger,
            idempotency=intake.idempotency,
            refusals=intake.refusals,
            clock=intake.clock,
        ),
        HookResource(intake.hook_messenger, intake.clock),
    )
