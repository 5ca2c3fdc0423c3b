"""The console's WSGI application: which page is where."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import falcon

from otp_worker.domain import request_deadline
from otp_worker.operations.overview import OverviewReader
from otp_worker.operations.trail import Trails
from otp_worker.service.assembly import Intake

from .acts import Acts
from .apps import NEW, AppsPage
from .attempts import LoginAttempts
from .conversions import ConversionsPage
from .countries import Countries
from .endpoints import EndpointPage
from .errors import add_error_pages
from .find import Find
from .guard import HEALTH, SIGN_IN, Guard
from .lists import Audit, Keys, Replies
from .login import Login, Logout
from .overview import OverviewPage
from .pages import STATIC_FOLDER, Pages
from .sessions import Sessions
from .sims import SimsPage
from .tour import WELCOME
from .verifications import Verifications
from .webhooks import Webhooks

_Route = tuple[str, object, str | None]
"""Its path, what answers there, and the suffix of the methods that do."""


class _App(falcon.App[Any, Any]):
    """Gives each request its time to wait for the database."""

    def __call__(self, env: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        with request_deadline.of_a_request():
            return super().__call__(env, start_response)


class _Alive:
    """Whether the console answers, for whoever starts it."""

    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        """Yes."""
        resp.content_type = falcon.MEDIA_TEXT
        resp.text = "ok\n"

    on_head = on_get


def create_console(
    intake: Intake, sessions: Sessions, tour_file: Path | None = None
) -> "falcon.App[Any, Any]":
    """The console over the given parts; starts nothing and reads no environment.

    With a demo's ``tour_file`` it has the page of the first five minutes. Raises ConfigurationError.
    """
    app = _App(middleware=[Guard(sessions, open_paths=[WELCOME] if tour_file else [])])
    pages = Pages(intake.clock)
    add_error_pages(app, pages)
    routes = _routes(intake, sessions, pages)
    if tour_file:
        routes += _welcome(pages, sessions, tour_file)
    for path, resource, suffix in routes:
        app.add_route(path, resource, suffix=suffix)
    app.add_static_route("/static", STATIC_FOLDER)
    return app


def _welcome(pages: Pages, sessions: Sessions, tour_file: Path) -> list[_Route]:
    # Only a demo's console asks the API over HTTP, and imports what that takes.
    from .welcome import welcome_page

    page = welcome_page(pages, sessions, tour_file)
    return [(WELCOME, page, None), (f"{WELCOME}/send", page, "send"), (f"{WELCOME}/check", page, "check")]


def _routes(intake: Intake, sessions: Sessions, pages: Pages) -> list[_Route]:
    db, clock = intake.db, intake.clock
    acts = Acts(db, clock)
    reader = OverviewReader(intake.health)
    overview = OverviewPage(pages, reader, clock)
    sims = SimsPage(pages, intake.health, acts, clock)
    countries = Countries(pages, intake.operator, reader, acts, clock)
    apps = AppsPage(pages, intake.apps, intake.templates, acts)
    webhooks = Webhooks(pages, intake.endpoints, acts, clock)
    endpoint = EndpointPage(pages, intake.endpoints, acts)
    trails = Trails(db, intake.operator.limits.keyring, intake.operator.countries, intake.health.sims, clock)
    verifications = Verifications(pages, intake, trails, acts)
    return [
        ("/", overview, None),
        ("/fragments/overview", overview, "fragment"),
        ("/find", Find(pages, trails), None),
        ("/verifications/{verification_id}", verifications, None),
        ("/verifications/{verification_id}/{act}", verifications, "act"),
        ("/sims", sims, None),
        ("/sims/{gateway}/retry", sims, "retry"),
        ("/countries", countries, None),
        ("/countries/{name}/lift", countries, "lift"),
        ("/countries/{name}/exempt", countries, "exempt"),
        ("/conversions", ConversionsPage(pages, intake.conversions, clock), None),
        ("/webhooks", webhooks, None),
        ("/webhooks/{notice_id}/again", webhooks, "again"),
        ("/endpoints/{endpoint_id}", endpoint, None),
        ("/endpoints/{endpoint_id}/{act}", endpoint, "act"),
        ("/endpoints/{endpoint_id}/events/{event_id}/again", endpoint, "again"),
        ("/replies", Replies(pages, db), None),
        ("/apps", apps, None),
        (NEW, apps, "new"),
        ("/apps/{name}", apps, "one"),
        ("/apps/{name}/{setting}", apps, "setting"),
        ("/keys", Keys(pages, intake.api_keys), None),
        ("/audit", Audit(pages, db), None),
        (SIGN_IN, Login(pages, sessions, LoginAttempts(), acts), None),
        ("/logout", Logout(), None),
        (HEALTH, _Alive(), None),
    ]
