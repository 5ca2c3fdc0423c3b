"""A WSGI application whose requests wait for the database so long and no longer."""

from collections.abc import Callable, Iterable
from typing import Any

import falcon

from otp_worker.domain import request_deadline


class DeadlineApp(falcon.App[Any, Any]):
    """Gives each request its time to wait for the database."""

    def __call__(self, env: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        with request_deadline.of_a_request():
            return super().__call__(env, start_response)
