"""The Celery tasks: shells around the steps. They are given ids and answer with words for Flower."""

from collections.abc import Callable
from typing import Any

from celery import Celery

from otp_worker.deliver.retry import RetryAt
from otp_worker.domain.ports import utc_now
from otp_worker.service.celery_app import (
    CANARY,
    CONFIRM,
    DELIVER,
    EXPIRE,
    GUARD,
    LOOK,
    NOTIFY,
    POLL,
    PURGE,
    RELEASE,
)
from otp_worker.service.wiring import WorkerParts


def register_tasks(app: Celery, parts: Callable[[], WorkerParts]) -> None:
    """Define every task on ``app``; ``parts`` is asked at each run, and builds them once."""

    @app.task(name=DELIVER, bind=True, max_retries=None)
    def deliver(self: Any, delivery_id: str) -> str:
        result = parts().deliverer.deliver(delivery_id)
        if isinstance(result, RetryAt):
            # Celery goes by the clock of its machine, the instant is one of the service's clock.
            raise self.retry(eta=utc_now() + (result.at - parts().clock()))
        return result.note

    @app.task(name=EXPIRE)
    def expire() -> str:
        return f"{parts().expirer.expire(parts().clock())} ended"

    @app.task(name=RELEASE)
    def release() -> str:
        released = parts().expirer.release(parts().clock())
        released += parts().notifier.publish_due(parts().queue.publish_notice, parts().clock())
        return f"{released} published again"

    @app.task(name=PURGE)
    def purge() -> str:
        return f"{parts().expirer.purge(parts().clock())} purged"

    @app.task(name=GUARD)
    def guard() -> str:
        return f"{parts().guard.sweep(parts().clock())} paused"

    @app.task(name=POLL)
    def poll() -> str:
        return f"{parts().poller.poll(parts().clock())} moved forward"

    @app.task(name=LOOK)
    def look() -> str:
        return f"{parts().looker.look(parts().clock())} reports"

    @app.task(name=CANARY)
    def canary() -> str:
        return parts().canaries.sweep(parts().clock())

    @app.task(name=CONFIRM)
    def confirm(reply_id: str) -> str:
        return parts().confirmer.confirm(reply_id, parts().clock())

    @app.task(name=NOTIFY)
    def notify(notice_id: str) -> str:
        return parts().notifier.notify(notice_id, parts().clock())
