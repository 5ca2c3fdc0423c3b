"""The Celery application as the settings say, without its tasks: all that beat and Flower need of us."""

from typing import Any

from celery.signals import setup_logging

from otp_worker.service.celery_app import make_celery
from otp_worker.service.logs import configure_logs
from otp_worker.service.redis_cluster import refuse_cluster
from otp_worker.service.roles import load_settings
from otp_worker.service.start import refused_in_a_sentence


@setup_logging.connect
def _configure_logs(**_: Any) -> None:
    configure_logs(settings.log_format)


with refused_in_a_sentence():
    settings = load_settings("beat")
    refuse_cluster(settings)
celery = make_celery(settings.broker_url or "", canary_seconds=settings.canary_seconds)
