"""What the questions about the service's health are answered with."""

from pydantic import BaseModel


class AlivenessBody(BaseModel):
    """Whether the process answers."""

    alive: bool = True


class HealthCheckBody(BaseModel):
    """One part of the service."""

    name: str
    ok: bool
    detail: str
    blocking: bool


class ReadinessBody(BaseModel):
    """Whether the service can work."""

    ready: bool
    checks: list[HealthCheckBody]
