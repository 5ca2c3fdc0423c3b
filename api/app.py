"""The WSGI application: routes, and nothing that decides anything."""

from typing import Any

import falcon

from api.admin import Numbers, Pauses
from api.callbacks import CallbackResource
from api.docs import STATIC, Docs, OpenApi
from api.health import Alive, Ready
from api.metrics import Metrics
from api.middleware import Authentication, RequestLog
from api.problems import add_problem_handlers
from api.verifications import Checks, Verifications
from otp_worker.service.wiring import Intake


def create_app(intake: Intake) -> "falcon.App[Any, Any]":
    """The HTTP intake over the given parts; starts nothing and reads no environment."""
    app: falcon.App[Any, Any] = falcon.App(middleware=[RequestLog(), Authentication(intake.api_keys)])
    app.req_options.strip_url_path_trailing_slash = False
    add_problem_handlers(app, intake.clock, intake.refusals)

    verifications = Verifications(intake.issuer, intake.idempotency, intake.outlook, intake.clock)
    checks = Checks(intake.verifier)
    app.add_route("/v1/verifications", verifications)
    app.add_route("/v1/verifications/check", checks)
    app.add_route("/v1/verifications/{verification_id}", verifications, suffix="one")
    app.add_route("/v1/verifications/{verification_id}/check", checks, suffix="one")
    app.add_route("/v1/verifications/{verification_id}/resend", verifications, suffix="resend")
    app.add_route("/v1/verifications/{verification_id}/cancel", verifications, suffix="cancel")
    pauses, numbers = Pauses(intake.operator, intake.clock), Numbers(intake.operator)
    app.add_route("/v1/admin/pauses", pauses)
    app.add_route("/v1/admin/pauses/exempt", pauses, suffix="exempt")
    app.add_route("/v1/admin/numbers/unlock", numbers, suffix="unlock")
    app.add_route("/v1/admin/numbers/forget", numbers, suffix="forget")
    app.add_route("/v1/callbacks/{gateway}/{token}", CallbackResource(intake.callbacks, intake.clock))
    app.add_route("/healthz", Alive())
    app.add_route("/readyz", Ready(intake.health, intake.clock))
    app.add_route("/metrics", Metrics(intake.health, intake.refusals, intake.clock))
    app.add_route("/openapi.json", OpenApi())
    app.add_route("/docs", Docs())
    app.add_static_route("/docs/static", STATIC)
    return app
