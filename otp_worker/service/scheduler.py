"""Beat's scheduler: a sweep that cannot be published is one line in the log, with the broker's answer."""

from typing import Any

import structlog
from celery.beat import ScheduleEntry, Scheduler, SchedulingError

from otp_worker.service.broker_answer import broker_answer

log = structlog.get_logger()


class TerseScheduler(Scheduler):
    """Publishes what is due; Celery's own writes two stack traces for each failure."""

    def apply_entry(self, entry: ScheduleEntry, producer: Any = None) -> None:
        """Publish one sweep; one that fails is not repeated, because the next one does its work."""
        try:
            self.apply_async(entry, producer=producer, advance=False)
        except SchedulingError as error:
            # Celery raises it while it handles the broker's error, and names no cause.
            answer = broker_answer(error.__context__ or error)
            log.warning("sweep_not_published", task=entry.task, answer=answer)
