"""Celery's entry: ``celery --app otp_worker.service.worker`` for worker, upkeep, beat and flower."""

from contextlib import ExitStack
from functools import cache
from typing import TYPE_CHECKING, Any

from celery.signals import celeryd_init, setup_logging, worker_init, worker_ready, worker_shutting_down

from otp_worker.service.celery_app import DELIVER_QUEUE, make_celery
from otp_worker.service.logs import configure_logs
from otp_worker.service.node_name import take_name
from otp_worker.service.roles import load_settings
from otp_worker.service.start import refused_in_a_sentence
from otp_worker.service.tasks import register_tasks

if TYPE_CHECKING:
    from otp_worker.service.worker_assembly import WorkerParts


@cache
def _parts() -> "WorkerParts":
    # Neither beat nor Flower needs them, which start from here too.
    from otp_worker.service.wiring import build_worker

    return build_worker(load_settings("worker"), celery, node=_node.name)


class _Node:
    """This worker's name, and what holds it until the process ends."""

    name: str | None = None
    held = ExitStack()


_node = _Node()


@celeryd_init.connect
def _take_name(instance: Any, **_: Any) -> None:
    _node.name = instance.hostname = take_name(instance.hostname, settings.state_dir, _node.held)


@setup_logging.connect
def _configure_logs(**_: Any) -> None:
    configure_logs(settings.log_format)


@worker_init.connect
def _refuse_to_work_in_vain(**_: Any) -> None:
    from otp_worker.store.migrate import await_current

    with refused_in_a_sentence():
        await_current(_parts().db)


@worker_ready.connect
def _beat(sender: Any, **_: Any) -> None:
    if DELIVER_QUEUE in sender.app.amqp.queues.consume_from:
        from otp_worker.operations.heartbeat import Heartbeat

        heartbeat = Heartbeat(_parts().db)
        heartbeat.start()
        worker_shutting_down.connect(lambda **_: heartbeat.stop(), weak=False)


with refused_in_a_sentence():
    settings = load_settings("beat")
celery = make_celery(settings.broker_url or "", canary_seconds=settings.canary_seconds)
register_tasks(celery, _parts)
