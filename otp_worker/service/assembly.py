"""The parts of each process, put together from what they are given: opens nothing, reads no settings."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import NamedTuple

from otp_worker.deliver.deliverer import Deliverer
from otp_worker.deliver.receipt_poller import Poller
from otp_worker.deliver.router import Router
from otp_worker.domain.keyring import Keyring
from otp_worker.domain.limits import Limits
from otp_worker.domain.policy import Policy
from otp_worker.domain.ports import Clock, Outbox, PublishAll
from otp_worker.domain.reply import ReplyKind
from otp_worker.domain.sim import Sims
from otp_worker.expire import Expirer
from otp_worker.gateways.sandbox import Sandbox
from otp_worker.inbound.callbacks import Callbacks
from otp_worker.inbound.canary import Canaries
from otp_worker.inbound.confirmations import Confirmations, Confirmer
from otp_worker.inbound.replies import Replies
from otp_worker.inbound.senders import Senders
from otp_worker.issue.drafts import Drafts
from otp_worker.issue.idempotency import Idempotency
from otp_worker.issue.issuer import Issuer
from otp_worker.issue.resend import Resender
from otp_worker.issue.reverse import Inviter
from otp_worker.issue.writer import SendWriter
from otp_worker.operations.admin import Operator
from otp_worker.operations.budget_monitor import BudgetMonitor
from otp_worker.operations.conversion_monitor import ConversionMonitor
from otp_worker.operations.health import Health
from otp_worker.operations.notifier import Notifier
from otp_worker.operations.phone_monitor import PhoneMonitor
from otp_worker.operations.rejections import Rejections
from otp_worker.operations.request_times import RequestTimes
from otp_worker.operations.totals import Totals
from otp_worker.operations.trail import Trails
from otp_worker.operations.wait_estimate import WaitEstimates
from otp_worker.operations.write_probe import WriteProbe
from otp_worker.protection.api_keys import ApiKeys
from otp_worker.protection.circuit_breaker import Breaker
from otp_worker.protection.pauses import Pauses
from otp_worker.protection.pumping_guard import PumpingGuard
from otp_worker.protection.rate_limiter import CheckLimiter, RedisLimiter
from otp_worker.protection.recovery import RecoveryWatch
from otp_worker.service.publisher import DeliveryQueue
from otp_worker.service.purges import purges
from otp_worker.store.counted_steps import count_steps
from otp_worker.store.database import Database
from otp_worker.verify import Verifier


@dataclass(frozen=True, slots=True)
class Intake:
    """What the HTTP intake works with."""

    db: Database
    issuer: Issuer
    resender: Resender
    inviter: Inviter
    verifier: Verifier
    idempotency: Idempotency
    api_keys: ApiKeys
    callbacks: Callbacks
    operator: Operator
    health: Health
    refusals: Rejections
    totals: Totals
    outlook: WaitEstimates
    trails: Trails
    clock: Clock


class IssueStep(NamedTuple):
    """The parts of the first step, over one writer."""

    issuer: Issuer
    resender: Resender
    inviter: Inviter


@dataclass(frozen=True, slots=True)
class WorkerParts:
    """What the Celery tasks work with."""

    db: Database
    deliverer: Deliverer
    expirer: Expirer
    notifier: Notifier
    guard: PumpingGuard
    poller: Poller
    phone_monitor: PhoneMonitor
    budget_monitor: BudgetMonitor
    conversion_monitor: ConversionMonitor
    recovery: RecoveryWatch
    canaries: Canaries
    confirmer: Confirmer
    count_steps: Callable[[datetime], int]
    queue: DeliveryQueue
    clock: Clock


def build_issue_step(
    *,
    db: Database,
    drafts: Drafts,
    limiter: RedisLimiter,
    publish: PublishAll,
    announce: PublishAll,
    pauses: Pauses,
    inbound_sims: Sims | None,
) -> IssueStep:
    """The first step's parts; people may text to the ``inbound_sims``, if there are any."""
    writer = SendWriter(db=db, limiter=limiter, publish=publish, announce=announce)
    resender = Resender(
        db=db, limits=drafts.limits, limiter=limiter, drafts=drafts, writer=writer, pauses=pauses
    )
    return IssueStep(
        issuer=Issuer(db=db, drafts=drafts, writer=writer, pauses=pauses, resender=resender),
        resender=resender,
        inviter=Inviter(
            db=db, keyring=drafts.keyring, drafts=drafts, writer=writer, pauses=pauses, sims=inbound_sims
        ),
    )


def assemble_intake(
    *,
    db: Database,
    clock: Clock,
    keyring: Keyring,
    policy: Policy,
    limits: Limits,
    limiter: RedisLimiter,
    sims: Sims,
    breaker: Breaker,
    outlook: WaitEstimates,
    outbox: Outbox,
    queue: DeliveryQueue,
    confirmations: Confirmations | None,
    reply_languages: Collection[str],
    report_lock_seconds: int,
    older_may_run: Callable[[], bool],
    issue_step: IssueStep,
) -> Intake:
    """The parts of the HTTP intake."""
    answering = Replies(
        db=db,
        keyring=keyring,
        languages=reply_languages,
        report_lock_seconds=report_lock_seconds,
        outbox=outbox,
        inbound=issue_step.inviter.sims is not None,
        confirmations=confirmations,
        senders=Senders(countries=policy.countries, sims=sims),
    )
    canaries = Canaries(db=db, keyring=keyring, sims=sims, away=breaker.away, outbox=outbox)
    return Intake(
        db=db,
        issuer=issue_step.issuer,
        resender=issue_step.resender,
        inviter=issue_step.inviter,
        verifier=build_verifier(
            db=db, clock=clock, keyring=keyring, policy=policy, limits=limits, limiter=limiter
        ),
        idempotency=Idempotency(db=db, keyring=keyring, clock=clock),
        api_keys=ApiKeys(db=db, clock=clock),
        callbacks=Callbacks(
            db=db,
            keyring=keyring,
            gateways=sims.gateways,
            answering=answering,
            canaries=canaries,
            breaker=breaker,
        ),
        operator=Operator(db=db, limits=limits, countries=policy.countries),
        health=Health(
            db=db,
            check_broker=queue.check,
            breaker=breaker,
            sims=sims,
            probe=WriteProbe(db),
            older_may_run=older_may_run,
        ),
        refusals=Rejections(db),
        totals=Totals(db, RequestTimes(db)),
        outlook=outlook,
        trails=Trails(db, keyring, policy.countries, sims, clock),
        clock=clock,
    )


def build_verifier(
    *, db: Database, clock: Clock, keyring: Keyring, policy: Policy, limits: Limits, limiter: RedisLimiter
) -> Verifier:
    """The third step, its checks counted where sends are."""
    return Verifier(
        db=db, keyring=keyring, policy=policy, limits=limits, limiter=CheckLimiter(limiter), clock=clock
    )


def assemble_worker(
    *,
    db: Database,
    clock: Clock,
    keyring: Keyring,
    policy: Policy,
    sims: Sims,
    breaker: Breaker,
    outbox: Outbox,
    queue: DeliveryQueue,
    callback_url: Callable[[str, str], str | None],
    notifier: Notifier,
    guard: PumpingGuard,
    confirmations: Mapping[ReplyKind, str],
    canary_seconds: int,
    number_retention_seconds: int,
    retention_days: int,
) -> WorkerParts:
    """The parts of the workers."""
    return WorkerParts(
        db=db,
        deliverer=Deliverer(
            db=db,
            keyring=keyring,
            policy=policy,
            router=Router(db=db, sims=sims, breaker=breaker),
            rehearsal=Sandbox(),
            callback_url=callback_url,
            clock=clock,
            outbox=outbox,
        ),
        expirer=Expirer(
            db=db,
            publish=queue.publish_deliveries,
            announce_over=queue.announce_over,
            backlog=queue.backlog,
            sims=sims,
            countries=policy.countries,
            breaker=breaker,
            purges=purges(sims, number_retention_seconds, retention_days),
        ),
        notifier=notifier,
        guard=guard,
        poller=Poller(db=db, gateways=sims.gateways),
        recovery=RecoveryWatch(breaker=breaker, gateways=sims.gateways, clock=clock),
        phone_monitor=PhoneMonitor(db=db, gateways=sims.gateways, outbox=outbox),
        budget_monitor=BudgetMonitor(db=db, sims=sims, outbox=outbox),
        conversion_monitor=ConversionMonitor(db=db, outbox=outbox),
        canaries=Canaries(
            db=db, keyring=keyring, sims=sims, away=breaker.away, outbox=outbox, every_seconds=canary_seconds
        ),
        confirmer=Confirmer(db=db, keyring=keyring, texts=confirmations, sims=sims, away=breaker.away),
        count_steps=partial(count_steps, db),
        queue=queue,
        clock=clock,
    )
