"""The baseline of deliveries: a bare Celery task that does nothing but POST what it is given."""

import threading

import requests
from celery import Celery

from otp_worker.devtools.bench.baselines import POST_QUEUE, POST_TASK
from otp_worker.service.roles import load_settings

_TIMEOUT_SECONDS = 15

_local = threading.local()


def post(url: str, message: dict[str, str]) -> None:
    """POST one message on the thread's own session."""
    session: requests.Session | None = getattr(_local, "session", None)
    if session is None:
        session = _local.session = requests.Session()
        session.trust_env = False
    session.post(url, json=message, timeout=_TIMEOUT_SECONDS)


celery = Celery("baseline", broker=load_settings("beat").broker_url, set_as_current=False)
celery.conf.update(
    task_ignore_result=True,
    task_default_queue=POST_QUEUE,
    # As the service's workers: a message is held until it is done, and one a thread.
    task_acks_late=True,
    worker_prefetch_multiplier=1,
    broker_connection_retry_on_startup=True,
)
celery.task(name=POST_TASK)(post)
