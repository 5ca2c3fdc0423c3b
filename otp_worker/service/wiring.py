"""The one place that puts the parts together."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from celery import Celery
from redis import ConnectionError as RedisConnectionError
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from otp_worker.deliver.deliverer import Deliverer
from otp_worker.deliver.receipt_poller import Poller
from otp_worker.deliver.router import Router
from otp_worker.domain.errors import ConfigurationError
from otp_worker.domain.keyring import Keyring
from otp_worker.domain.limits import Limits
from otp_worker.domain.ports import Clock, Outbox, PublishAll
from otp_worker.domain.sim import Sims
from otp_worker.domain.verification import DeliveryStatus
from otp_worker.expire import Expirer
from otp_worker.gateways.client import BoundedClient
from otp_worker.gateways.sandbox import Rehearsal
from otp_worker.inbound.callbacks import Callbacks, callback_url
from otp_worker.inbound.canary import Canaries
from otp_worker.inbound.confirmations import Confirmations, Confirmer
from otp_worker.inbound.replies import Answering
from otp_worker.inbound.senders import Senders
from otp_worker.issue.drafts import Drafts
from otp_worker.issue.idempotency import Idempotency
from otp_worker.issue.issuer import Issuer
from otp_worker.issue.request import Hold
from otp_worker.issue.resend import Resender
from otp_worker.issue.reverse import Inviter
from otp_worker.issue.writer import SendWriter
from otp_worker.operations.admin import Operator
from otp_worker.operations.email import EmailChannel
from otp_worker.operations.health import Health
from otp_worker.operations.notifier import Channel, Notifier, WebhookChannel
from otp_worker.operations.phone_monitor import Looker
from otp_worker.operations.rejections import Refusals
from otp_worker.operations.smtp_url import parse_smtp_url
from otp_worker.operations.wait_estimate import Outlook
from otp_worker.operations.write_probe import WriteProbe
from otp_worker.protection.api_keys import ApiKeys
from otp_worker.protection.circuit_breaker import Breaker
from otp_worker.protection.pumping_guard import Pauses, PumpingGuard
from otp_worker.protection.rate_limiter import CheckLimiter, RedisLimiter
from otp_worker.protection.recovery import RecoveryWatch
from otp_worker.service.celery_app import make_celery
from otp_worker.service.publisher import DeliveryQueue
from otp_worker.service.settings import Settings
from otp_worker.service.tls_options import split_tls_options
from otp_worker.store.clock import service_clock
from otp_worker.store.database import Database
from otp_worker.store.derivation import Derivations
from otp_worker.verify import Verifier

INTAKE_CONNECTIONS = 8
WORKER_CONNECTIONS = 16


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
    refusals: Refusals
    outlook: Outlook
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
    looker: Looker
    recovery: RecoveryWatch
    canaries: Canaries
    confirmer: Confirmer
    queue: DeliveryQueue
    clock: Clock


def open_database(settings: Settings, connections: int = INTAKE_CONNECTIONS) -> Database:
    """The database that the settings name."""
    return Database(_set(settings.database_url, "OTP_DATABASE_URL"), connections)


def build_intake(settings: Settings, clock: Clock | None = None) -> Intake:
    """The parts of the HTTP intake: it can judge a code and not make one."""
    db = open_database(settings)
    clock = clock or service_clock(db)
    keyring = Keyring(settings.root_secrets)
    publishing = make_celery(_set(settings.broker_url, "OTP_BROKER_URL"), settings.publish_wait_seconds)
    queue = DeliveryQueue(publishing)
    sims = settings.sims
    breaker = Breaker(db, settings.policy.lease_seconds)
    outlook = Outlook(db, breaker, sims)
    limits = Limits(keyring, settings.limit_rates)
    limiter = RedisLimiter(open_redis(settings))
    outbox = Outbox(channels=tuple(channels(settings)), publish=queue.publish_notice)
    answering = Answering(
        db,
        keyring,
        settings.reply_languages,
        settings.report_lock_seconds,
        outbox,
        settings.inbound_verification,
        Confirmations(db, settings.confirmations, queue.publish_confirmation),
        Senders(settings.policy.countries, sims),
    )
    step = build_issue_step(
        db=db,
        drafts=Drafts(
            keyring=keyring,
            policy=settings.policy,
            limits=limits,
            hold=partial(hold, queue, outlook),
            may_be_wide=Derivations(db, settings.uniform_long_codes).may_be_wide,
        ),
        limiter=limiter,
        publish=queue.publish_deliveries,
        pauses=Pauses(db, limits, settings.guard),
        inbound_sims=sims if settings.inbound_verification else None,
    )
    return Intake(
        db=db,
        issuer=step.issuer,
        resender=step.resender,
        inviter=step.inviter,
        verifier=Verifier(db, keyring, settings.policy, limits, CheckLimiter(limiter), clock),
        idempotency=Idempotency(db=db, keyring=keyring, clock=clock),
        api_keys=ApiKeys(db, clock),
        callbacks=Callbacks(
            db,
            keyring,
            sims.gateways,
            answering,
            Canaries(db, keyring, sims, breaker.away, outbox),
            breaker,
        ),
        operator=Operator(db, limits, settings.policy.countries),
        health=Health(db, queue.check, breaker, sims, WriteProbe(db)),
        refusals=Refusals(db),
        outlook=outlook,
        clock=clock,
    )


def build_issue_step(
    *,
    db: Database,
    drafts: Drafts,
    limiter: RedisLimiter,
    publish: PublishAll,
    pauses: Pauses,
    inbound_sims: Sims | None,
) -> IssueStep:
    """The first step's parts; people may text to the ``inbound_sims``, if there are any."""
    writer = SendWriter(db=db, limiter=limiter, publish=publish)
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


def open_redis(settings: Settings) -> Redis | None:
    """The Redis that limits are counted in; None where the settings name none."""
    if settings.limits_url is None:
        return None
    url, tls = split_tls_options(settings.limits_url)
    return Redis.from_url(
        url,
        **(tls.for_redis if tls else {}),
        socket_timeout=settings.publish_wait_seconds,
        socket_connect_timeout=settings.publish_wait_seconds,
        # Once more over a new connection, where a restart of Redis has cut the old one.
        retry=Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
    )


def hold(queue: DeliveryQueue, outlook: Outlook, route: str) -> Hold | None:
    """Why a new delivery by a route had better wait in the database: the phones or the broker are away."""
    away = outlook.away(route)
    if away is not None:
        return Hold(DeliveryStatus.WAITING, away.reason)
    return Hold(DeliveryStatus.QUEUED) if queue.rests else None


def build_worker(settings: Settings, app: Celery, clock: Clock | None = None) -> WorkerParts:
    """The parts of the workers."""
    db = open_database(settings, WORKER_CONNECTIONS)
    clock = clock or service_clock(db)
    keyring = Keyring(settings.root_secrets, settings.code_secrets)
    queue = DeliveryQueue(app)
    sims = settings.sims
    breaker = Breaker(db, settings.policy.lease_seconds)
    outbox = Outbox(channels=tuple(channels(settings)), publish=queue.publish_notice)
    url_of: Callable[[str, str], str | None] = partial(callback_url, settings.public_url, keyring)
    return WorkerParts(
        db=db,
        deliverer=Deliverer(
            db,
            keyring,
            settings.policy,
            Router(db, sims, breaker),
            Rehearsal(),
            url_of,
            clock,
            outbox=outbox,
        ),
        expirer=Expirer(
            db,
            queue.publish_deliveries,
            queue.backlog,
            sims,
            settings.policy.countries,
            breaker,
            settings.number_retention_seconds,
            settings.retention_days,
        ),
        notifier=Notifier(db, channels(settings)),
        guard=PumpingGuard(
            db,
            settings.guard,
            settings.guard_min_sends,
            settings.guard_pause_seconds,
            outbox,
        ),
        poller=Poller(db, sims.gateways),
        recovery=RecoveryWatch(breaker, sims.gateways, clock),
        looker=Looker(db, sims.gateways, outbox),
        canaries=Canaries(db, keyring, sims, breaker.away, outbox, settings.canary_seconds or 60),
        confirmer=Confirmer(db, keyring, settings.confirmations, sims, breaker.away),
        queue=queue,
        clock=clock,
    )


def channels(settings: Settings) -> dict[str, Channel]:
    """The ways to tell support and operators that the settings name."""
    found: dict[str, Channel] = {}
    if settings.reply_webhook_url and settings.reply_webhook_secret is not None:
        client = BoundedClient(public_only=not settings.reply_webhook_private)
        secret = settings.reply_webhook_secret.get_secret_value()
        found["webhook"] = WebhookChannel(client, settings.reply_webhook_url, secret)
    if settings.support_email and settings.smtp_url is not None and settings.smtp_from:
        server = parse_smtp_url(settings.smtp_url.get_secret_value())
        found["email"] = EmailChannel(server, settings.smtp_from, settings.support_email)
    return found


def _set(value: str | None, variable: str) -> str:
    if value is None:
        raise ConfigurationError(f"{variable}: is not set")
    return value
