"""``/healthz`` and ``/readyz``."""

from dataclasses import asdict

import falcon

from otp_worker.domain.errors import InvalidFieldError
from otp_worker.domain.ports import Clock
from otp_worker.operations.health import Audience, Health

from .schemas.health import AlivenessBody, HealthCheckBody, ReadinessBody


class Alive:
    """Whether this process answers at all."""

    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        """Always 200."""
        resp.text = AlivenessBody().model_dump_json()

    on_head = on_get


class Ready:
    """Whether sends asked for here will be made."""

    def __init__(self, health: Health, clock: Clock) -> None:
        self._health = health
        self._clock = clock

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """200, or 503 where something blocks whom the query names with ``for``; with the reasons."""
        audience = req.get_param("for")
        if audience not in (None, Audience.WEB, Audience.WORKER):
            raise InvalidFieldError("for", "give web or worker, or leave it out")
        found = self._health.checks(self._clock, Audience(audience or Audience.ALL))
        checks = [HealthCheckBody(**asdict(check)) for check in found]
        ready = all(check.ok or not check.blocking for check in checks)
        resp.status = 200 if ready else 503
        resp.text = ReadinessBody(ready=ready, checks=checks).model_dump_json()

    on_head = on_get
