"""``/healthz`` and ``/readyz``."""

import falcon

from api.schemas import AlivenessBody, HealthCheckBody, ReadinessBody
from otp_worker.domain.ports import Clock
from otp_worker.operations.health import Health


class Alive:
    """Whether this process answers at all."""

    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        """Always 200."""
        resp.text = AlivenessBody().model_dump_json()


class Ready:
    """Whether sends asked for here will be made."""

    def __init__(self, health: Health, clock: Clock) -> None:
        self._health = health
        self._clock = clock

    def on_get(self, _req: falcon.Request, resp: falcon.Response) -> None:
        """200, or 503 with the reasons."""
        checks = [
            HealthCheckBody(name=check.name, ok=check.ok, detail=check.detail)
            for check in self._health.checks(self._clock())
        ]
        ready = all(check.ok for check in checks)
        resp.status = 200 if ready else 503
        resp.text = ReadinessBody(ready=ready, checks=checks).model_dump_json()
