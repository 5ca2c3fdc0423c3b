"""The baseline of intake: a bare WSGI function that does nothing but put an id on the queue."""

import itertools
from collections.abc import Callable, Iterable
from typing import Any

from celery import Celery

from otp_worker.service.roles import load_settings

QUEUE = "baseline.intake"

celery = Celery("baseline", broker=load_settings("beat").broker_url, set_as_current=False)
celery.conf.update(task_ignore_result=True, task_default_queue=QUEUE)
_ids = itertools.count()


def deliver(delivery_id: str) -> None:
    """Never run: only its publication is measured."""


task = celery.task(deliver)


def app(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
    """Read the request, publish, and answer 202."""
    environ["wsgi.input"].read()
    task.apply_async([f"baseline-{next(_ids)}"])
    body = b'{"status": "queued"}'
    start_response("202 Accepted", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]
