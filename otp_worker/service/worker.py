"""Celery's application with its tasks, for worker and upkeep; beat and Flower take the one without them."""

from contextlib import ExitStack
from functools import cache
from typing import Any

from celery.signals import celeryd_init, worker_init, worker_ready, worker_shutting_down

from otp_worker.operations.heartbeat import Heartbeat
from otp_worker.service.alive import TurningLoop, alive
from otp_worker.service.application import celery, settings
from otp_worker.service.celery_app import DELIVER_QUEUE
from otp_worker.service.node_name import take_name
from otp_worker.service.roles import load_settings
from otp_worker.service.start import refused_in_a_sentence
from otp_worker.service.tasks import register_tasks
from otp_worker.service.worker_assembly import WorkerParts
from otp_worker.service.worker_wiring import build_worker
from otp_worker.store.schema_state import await_current


@cache
def _parts() -> WorkerParts:
    return build_worker(load_settings("worker"), celery, node=_node.name)


class _Node:
    """This worker's name, and what holds it until the process ends."""

    name: str | None = None
    held = ExitStack()


_node = _Node()


@celeryd_init.connect
def _take_name(instance: Any, **_: Any) -> None:
    _node.name = instance.hostname = take_name(instance.hostname, settings.state_dir, _node.held)
    alive.name(settings.state_dir, instance.hostname)


@worker_init.connect
def _refuse_to_work_in_vain(**_: Any) -> None:
    with refused_in_a_sentence():
        await_current(_parts().db)


@worker_ready.connect
def _beat(sender: Any, **_: Any) -> None:
    if DELIVER_QUEUE in sender.app.amqp.queues.consume_from:
        parts = _parts()
        heartbeat = Heartbeat(parts.db, [key.id for key in parts.deliverer.codes.unsealer.public_keys])
        heartbeat.start()
        worker_shutting_down.connect(lambda **_: heartbeat.stop(), weak=False)


celery.steps["worker"].add(TurningLoop)
register_tasks(celery, _parts)
