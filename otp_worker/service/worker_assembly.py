"""The parts of the workers, put together from what they are given: opens nothing, reads no settings."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from otp_worker.deliver.codes import Codes
from otp_worker.deliver.deliverer import Deliverer
from otp_worker.deliver.receipt_poller import Poller
from otp_worker.deliver.router import Router
from otp_worker.deliver.text import text_of
from otp_worker.domain.ports import Clock
from otp_worker.domain.reply import ReplyKind
from otp_worker.domain.sealing import Unsealer
from otp_worker.expire import Expirer, Purge
from otp_worker.gateways.client import BoundedClient
from otp_worker.gateways.sandbox import Sandbox
from otp_worker.inbound.canary import Canaries
from otp_worker.inbound.confirmations import Confirmer
from otp_worker.operations.budget_monitor import BudgetMonitor
from otp_worker.operations.conversion_monitor import ConversionMonitor
from otp_worker.operations.event_poster import EventPoster
from otp_worker.operations.notifier import Notifier
from otp_worker.operations.phone_monitor import PhoneMonitor
from otp_worker.protection.pumping_guard import PumpingGuard
from otp_worker.protection.recovery import RecoveryWatch
from otp_worker.service.foundation import Foundation
from otp_worker.service.publisher import DeliveryQueue
from otp_worker.service.purges import purges
from otp_worker.store import conversion_sums
from otp_worker.store.counted_steps import count_steps
from otp_worker.store.database import Database
from otp_worker.store.templates import TemplateReader


@dataclass(frozen=True, slots=True)
class WorkerParts:
    """What the Celery tasks work with."""

    db: Database
    deliverer: Deliverer
    expirer: Expirer
    notifier: Notifier
    events: EventPoster
    guard: PumpingGuard
    poller: Poller
    phone_monitor: PhoneMonitor
    budget_monitor: BudgetMonitor
    conversion_monitor: ConversionMonitor
    recovery: RecoveryWatch
    canaries: Canaries
    confirmer: Confirmer
    count_steps: Callable[[datetime], int]
    sum_up_conversions: Callable[[datetime], int]
    queue: DeliveryQueue
    clock: Clock


def assemble_worker(
    base: Foundation,
    *,
    unsealer: Unsealer,
    callback_url: Callable[[str, str], str | None],
    notifier: Notifier,
    guard: PumpingGuard,
    confirmations: Mapping[ReplyKind, str],
    canary_seconds: int,
    private_endpoints: bool,
    number_retention_seconds: int,
    retention_days: int,
) -> WorkerParts:
    """The parts of the workers."""
    db, sims, outbox = base.db, base.sims, base.outbox
    return WorkerParts(
        db=db,
        deliverer=_build_deliverer(base, unsealer, callback_url),
        expirer=_build_expirer(base, purges(sims, number_retention_seconds, retention_days)),
        notifier=notifier,
        events=_build_events(base, private_endpoints=private_endpoints),
        guard=guard,
        poller=Poller(db=db, gateways=sims.gateways, tracer=base.tracer),
        recovery=RecoveryWatch(breaker=base.breaker, gateways=sims.gateways, clock=base.clock),
        phone_monitor=PhoneMonitor(db=db, gateways=sims.gateways, outbox=outbox),
        budget_monitor=BudgetMonitor(db=db, sims=sims, outbox=outbox),
        conversion_monitor=ConversionMonitor(db=db, outbox=outbox),
        canaries=_build_canaries(base, canary_seconds),
        confirmer=Confirmer(
            db=db, keyring=base.keyring, texts=confirmations, sims=sims, away=base.breaker.away
        ),
        count_steps=partial(count_steps, db),
        sum_up_conversions=partial(conversion_sums.sum_up, db),
        queue=base.queue,
        clock=base.clock,
    )


def _build_deliverer(
    base: Foundation, unsealer: Unsealer, callback_url: Callable[[str, str], str | None]
) -> Deliverer:
    return Deliverer(
        db=base.db,
        keyring=base.keyring,
        codes=Codes(base.db, base.keyring, unsealer, base.policy.bcrypt_rounds),
        policy=base.policy,
        text_of=partial(text_of, base.policy, TemplateReader(base.db)),
        router=Router(db=base.db, sims=base.sims, breaker=base.breaker),
        rehearsal=Sandbox(),
        callback_url=callback_url,
        clock=base.clock,
        outbox=base.outbox,
        tracer=base.tracer,
    )


def _build_events(base: Foundation, *, private_endpoints: bool) -> EventPoster:
    return EventPoster(
        db=base.db,
        keyring=base.keyring,
        client=BoundedClient(public_only=not private_endpoints),
        outbox=base.outbox,
        clock=base.clock,
    )


def _build_canaries(base: Foundation, every_seconds: int) -> Canaries:
    return Canaries(
        db=base.db,
        keyring=base.keyring,
        sims=base.sims,
        away=base.breaker.away,
        outbox=base.outbox,
        every_seconds=every_seconds,
    )


def _build_expirer(base: Foundation, purges: Sequence[Purge]) -> Expirer:
    return Expirer(
        db=base.db,
        publish=base.queue.publish_deliveries,
        announce_stuck=base.queue.announce_stuck,
        announce_over=base.queue.announce_over,
        backlog=base.queue.backlog,
        sims=base.sims,
        countries=base.policy.countries,
        breaker=base.breaker,
        purges=purges,
    )
