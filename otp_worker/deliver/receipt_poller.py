"""Asking the gateways that do not tell by themselves how far an SMS came; bounded in number and in time."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from otp_worker.domain.gateway import Gateway, ReceiptKind
from otp_worker.domain.tracing import NO_TRACING, Tracer
from otp_worker.inbound.receipt_spans import trace_receipt
from otp_worker.protection.isolation import isolated
from otp_worker.store import polls, receipts
from otp_worker.store.database import Database

log = structlog.get_logger()

FIRST_POLL = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(seconds=60)
POLLED_FOR = timedelta(minutes=10)
"""No code lives longer: what becomes of its SMS after that is nobody's question."""
BATCH = 50
RUN_SECONDS = 10.0
"""One run asks no more after so long: what is left is due again at the next one."""


def first_poll_at(
    gateway: Gateway, message_id: str | None, callback_url: str | None, now: datetime
) -> datetime | None:
    """When to ask first about an SMS that was taken; None where a receipt comes by itself, or none can."""
    told = gateway.capabilities.push and callback_url is not None
    asks = gateway.capabilities.poll and message_id is not None and not told
    return now + FIRST_POLL if asks else None


def next_poll_at(sent_at: datetime, now: datetime) -> datetime | None:
    """When to ask again: each time after twice as long, up to a minute, for ten minutes."""
    age = now - sent_at
    pause = min(max(age, FIRST_POLL), LONGEST_PAUSE)
    return now + pause if age + pause <= POLLED_FOR else None


@dataclass(frozen=True, slots=True)
class Poller:
    """The questions with all they need."""

    db: Database
    gateways: Mapping[str, Gateway]
    tracer: Tracer = NO_TRACING
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def poll(self, now: datetime) -> int:
        """Ask what is due to be asked; how many SMS were moved forward. One run at a time in a process."""
        if not self._turn.acquire(blocking=False):
            return 0
        try:
            return self._poll(now, time.monotonic() + RUN_SECONDS)
        finally:
            self._turn.release()

    def _poll(self, now: datetime, until: float) -> int:
        moved = 0
        for due in polls.due_polls(self.db, now, BATCH):
            if time.monotonic() >= until:
                break
            # The next question is written down before this one is asked: a crash in between loses nothing.
            with isolated("poll", gateway=due.gateway, delivery=due.delivery_id):
                if polls.claim_poll(self.db, due.delivery_id, now, next_poll_at(due.sent_at, now)):
                    moved += self._ask(due, now)
        return moved

    def _ask(self, due: polls.DuePoll, now: datetime) -> bool:
        gateway = self.gateways.get(due.gateway)
        receipt = gateway.poll(due.message_id) if gateway is not None else None
        if receipt is None:
            return False
        moved = receipts.move_forward(self.db, due.delivery_id, receipt.kind, now)
        verification = due.delivery_id.rpartition(".")[0]
        told = {"verification": verification, "delivery": due.delivery_id, "kind": receipt.kind.value}
        log.info("receipt", **told, moved=moved, polled=True)
        trace_receipt(self.tracer, self.db, due.delivery_id, receipt.kind)
        if receipt.kind is not ReceiptKind.SENT:
            polls.stop_polling(self.db, due.delivery_id)
        return moved
