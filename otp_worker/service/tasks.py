"""The Celery tasks: shells around the steps. They are given ids and answer with words for Flower.

Flower is told of deliveries alone, and each shows what became of its SMS: RETRY as long as it is unsent, and
SUCCESS once it was handed over or is not to be sent any more.

Each kind of work has a bulkhead, so that no server that hangs, and no pile of messages, takes the threads
of the others: the sweeps one thread each, confirmations two, and notices what their channels' budgets allow.
Endpoints of apps have a few of their own, of which those that fail hold only some.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from celery import Celery
from celery.exceptions import Ignore, Retry

from otp_worker.deliver.result import Delivered, Elsewhere, Result, Waiting
from otp_worker.deliver.retry import RetryAt
from otp_worker.domain.endpoint import ID_PREFIX as ENDPOINT_PREFIX
from otp_worker.domain.ports import utc_now
from otp_worker.protection.isolation import isolated, note_error
from otp_worker.service.bulkhead import Bulkhead
from otp_worker.service.celery_app import (
    CANARY,
    CONFIRM,
    DELIVER,
    EVERY_SECONDS,
    EXPIRE,
    GUARD,
    LOOK,
    NOTIFY,
    POLL,
    PURGE,
    RELEASE,
)

if TYPE_CHECKING:
    from otp_worker.service.worker_assembly import WorkerParts

CONFIRMATIONS_AT_ONCE = 2
ENDPOINTS_AT_ONCE, FAILING_ENDPOINTS_AT_ONCE = 4, 2


class UnsentError(Exception):
    """Why an SMS is not sent yet, as Flower shows it."""


def register_tasks(app: Celery, parts: "Callable[[], WorkerParts]") -> None:
    """Define every task on ``app``; ``parts`` is asked at each run, and builds them once.

    None is shared: Celery would define it on each other application of the process too, with these parts.
    """

    @app.task(name=DELIVER, shared=False, bind=True, max_retries=None)
    def deliver(self: Any, delivery_id: str) -> str:
        match _attempt(parts(), delivery_id, self.request.hostname):
            case Delivered(note):
                return note
            case RetryAt(at):
                # Celery goes by the clock of its machine, the instant is one of the service's clock.
                eta = utc_now() + (at - parts().clock())
                raise self.retry(eta=eta, exc=UnsentError(f"the next attempt is at {at:%H:%M:%S}Z"))
            case Waiting(note):
                # Nothing is published: what waits in the database is put on the queue by the sweep.
                raise Retry(exc=UnsentError(f"waits in the database: {note}"))
            case Elsewhere():
                # No event: one that came after the other worker's would hide what that one did.
                raise Ignore

    confirming = Bulkhead(CONFIRMATIONS_AT_ONCE)

    @app.task(name=CONFIRM, shared=False, send_events=False)
    def confirm(reply_id: str) -> str:
        with confirming.enter() as may_run:
            if not may_run:
                return "others are being confirmed: the sweep publishes it again"
            return parts().confirmer.confirm(reply_id, parts().clock())

    _register_notices(app, parts)
    for name, sweep in _SWEEPS.items():
        _register_sweep(app, parts, name, sweep)


def _register_notices(app: Celery, parts: "Callable[[], WorkerParts]") -> None:
    well, failing = Bulkhead(ENDPOINTS_AT_ONCE), Bulkhead(FAILING_ENDPOINTS_AT_ONCE)

    @app.task(name=NOTIFY, shared=False, send_events=False)
    def notify(notice_id: str) -> str:
        # No task of its own: an older version says of an endpoint's id that there is no such notice.
        if notice_id.startswith(ENDPOINT_PREFIX):
            return _post_events(parts(), notice_id, well, failing)
        return parts().notifier.notify(notice_id, parts().clock())


def _attempt(parts: "WorkerParts", delivery_id: str, worker: str | None) -> Result:
    """One attempt. What fails unforeseen has sent nothing that is known of: the sweep publishes it again."""
    try:
        return parts.deliverer.deliver(delivery_id, worker)
    except Exception as error:
        verification = delivery_id.rpartition(".")[0]
        note_error("attempt_failed", error, verification=verification, delivery=delivery_id)
        return Waiting(f"its attempt ended with {type(error).__name__}")


def _post_events(parts: "WorkerParts", endpoint_id: str, well: Bulkhead, failing: Bulkhead) -> str:
    """A turn of an endpoint. Those that hang find each other in their way, and nobody else."""
    is_failing = parts.events.is_failing(endpoint_id)
    if is_failing is None:
        return "there is no such endpoint"
    with (failing if is_failing else well).enter() as may_run:
        if not may_run:
            return "others are being posted to: the sweep publishes it again"
        return parts.events.run(endpoint_id)


def _register_sweep(
    app: Celery, parts: "Callable[[], WorkerParts]", name: str, sweep: "Callable[[WorkerParts], str]"
) -> None:
    # What piled up while upkeep was away is one run. Messages that soon expire would do the same by clocks
    # of two machines: where these are apart, no sweep would ever run.
    bulkhead = Bulkhead(pause_seconds=EVERY_SECONDS.get(name, 0.0) / 2)

    @app.task(name=name, shared=False, send_events=False)
    def run() -> str:
        with bulkhead.enter() as may_run:
            return sweep(parts()) if may_run else "another run has just begun"


def _expire(parts: "WorkerParts") -> str:
    ended = parts.expirer.expire(parts.clock())
    counted = parts.count_steps(parts.clock())
    told = _each(parts, events=lambda now: parts.events.fan_out(now))
    return f"{ended} ended, {counted} steps counted, {told} events to tell"


def _release(parts: "WorkerParts") -> str:
    queue = parts.queue
    released = _each(
        parts,
        deliveries=parts.expirer.enqueue_due,
        returned=lambda _: parts.expirer.enqueue_due(parts.clock()) if parts.recovery.ask() else 0,
        notices=lambda now: parts.notifier.publish_due(queue.publish_notice, now),
        events=lambda now: parts.events.publish_due(queue.publish_notice, now),
        confirmations=lambda now: parts.confirmer.publish_waiting(queue.publish_confirmation, now),
    )
    return f"{released} published again"


def _purge(parts: "WorkerParts") -> str:
    _each(parts, secrets=lambda _: parts.events.keep_by_newest_key())
    purged = _each(parts, rows=parts.expirer.purge, notices=parts.notifier.give_up)
    return f"{purged} purged"


def _each(parts: "WorkerParts", **turns: Callable[[datetime], int]) -> int:
    """The sum of what several parts of a sweep did, each of which has its turn whatever the others do."""
    done = 0
    for name, turn in turns.items():
        with isolated("sweep", part=name):
            done += turn(parts.clock())
    return done


def _guard(parts: "WorkerParts") -> str:
    # First, so that the guard judges from figures that are summed up as far as they can be.
    _each(parts, conversions=parts.sum_up_conversions)
    told = _each(parts, pumping=parts.guard.sweep, conversion=parts.conversion_monitor.check)
    return f"{told} paused or reported"


def _poll(parts: "WorkerParts") -> str:
    return f"{parts.poller.poll(parts.clock())} moved forward"


def _look(parts: "WorkerParts") -> str:
    told = _each(parts, phones=parts.phone_monitor.check, budgets=parts.budget_monitor.check)
    return f"{told} reports"


def _canary(parts: "WorkerParts") -> str:
    return parts.canaries.sweep(parts.clock())


_SWEEPS: "Mapping[str, Callable[[WorkerParts], str]]" = {
    EXPIRE: _expire,
    RELEASE: _release,
    PURGE: _purge,
    GUARD: _guard,
    POLL: _poll,
    LOOK: _look,
    CANARY: _canary,
}
"""What beat asks for; each is idempotent, and one run at a time in a process is enough."""
