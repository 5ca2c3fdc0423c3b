"""The one place that opens what the settings name, and has the parts put together over it."""

from collections.abc import Mapping
from functools import partial

from celery import Celery
from redis import ConnectionError as RedisConnectionError
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from otp_worker.domain.errors import ConfigurationError
from otp_worker.domain.keyring import Keyring
from otp_worker.domain.limits import Limits
from otp_worker.domain.ports import Clock, Outbox
from otp_worker.domain.tracing import NO_TRACING, Tracer
from otp_worker.domain.verification import DeliveryStatus
from otp_worker.gateways.client import BoundedClient
from otp_worker.inbound.callbacks import callback_url
from otp_worker.inbound.confirmations import Confirmations
from otp_worker.issue.drafts import Drafts
from otp_worker.issue.request import Hold
from otp_worker.operations.email import EmailChannel
from otp_worker.operations.notifier import Channel, Notifier
from otp_worker.operations.smtp_server import parse_smtp_url
from otp_worker.operations.wait_estimate import WaitEstimates
from otp_worker.operations.webhook import WebhookChannel
from otp_worker.protection.circuit_breaker import Breaker
from otp_worker.protection.pauses import Pauses
from otp_worker.protection.pumping_guard import PumpingGuard
from otp_worker.protection.rate_limiter import RedisLimiter
from otp_worker.service.assembly import Intake, IssueStep, assemble_intake, build_issue_step
from otp_worker.service.celery_app import make_celery
from otp_worker.service.database import open_database
from otp_worker.service.foundation import Foundation
from otp_worker.service.publisher import DeliveryQueue
from otp_worker.service.settings import Settings
from otp_worker.service.tls_options import split_tls_options
from otp_worker.service.worker_assembly import WorkerParts, assemble_worker
from otp_worker.store.clock import service_clock
from otp_worker.store.database import Database
from otp_worker.store.older_versions import OlderVersions

WORKER_CONNECTIONS = 16


def build_intake(settings: Settings, clock: Clock | None = None) -> Intake:
    """The parts of the HTTP intake: it can judge a code and not make one."""
    db = open_database(settings)
    publishing = make_celery(_set(settings.broker_url, "OTP_BROKER_URL"), settings.publish_wait_seconds)
    base = _build_foundation(
        settings,
        db=db,
        clock=clock,
        keyring=Keyring(settings.root_secrets),
        queue=DeliveryQueue(publishing),
        channels=channels(settings),
    )
    outlook = WaitEstimates(db=db, breaker=base.breaker, sims=base.sims)
    limits = Limits(keyring=base.keyring, rates=settings.limit_rates)
    limiter = RedisLimiter(open_redis(settings))
    older = older_versions(settings, db)
    return assemble_intake(
        base,
        limits=limits,
        limiter=limiter,
        outlook=outlook,
        confirmations=Confirmations(
            db=db, texts=settings.confirmations, publish=base.queue.publish_confirmation
        ),
        reply_languages=settings.reply_languages,
        report_lock_seconds=settings.report_lock_seconds,
        retention_days=settings.retention_days,
        older_may_run=older.may_run,
        issue_step=_build_issue_step(settings, base, limits, limiter, outlook, older),
    )


def _build_foundation(
    settings: Settings,
    *,
    db: Database,
    clock: Clock | None,
    keyring: Keyring,
    queue: DeliveryQueue,
    channels: Mapping[str, Channel],
) -> Foundation:
    return Foundation(
        db=db,
        clock=clock or service_clock(db),
        keyring=keyring,
        policy=settings.policy,
        sims=settings.sims,
        breaker=Breaker(db=db, lease_seconds=settings.policy.lease_seconds),
        outbox=Outbox(channels=tuple(channels), publish=queue.publish_notice),
        queue=queue,
        tracer=open_tracer(settings),
    )


def _build_issue_step(
    settings: Settings,
    base: Foundation,
    limits: Limits,
    limiter: RedisLimiter,
    outlook: WaitEstimates,
    older: OlderVersions,
) -> IssueStep:
    drafts = Drafts(
        keyring=base.keyring,
        policy=base.policy,
        limits=limits,
        hold=partial(hold, base.queue, outlook),
        may_be_wide=older.are_gone,
        trace_context=base.tracer.context,
    )
    return build_issue_step(
        db=base.db,
        drafts=drafts,
        limiter=limiter,
        publish=base.queue.publish_deliveries,
        announce=base.queue.announce_waiting,
        pauses=Pauses(db=base.db, limits=limits, mode=settings.guard),
        inbound_sims=base.sims if settings.inbound_verification else None,
    )


def open_tracer(settings: Settings) -> Tracer:
    """What traces go to, where the operator wants them. Raises ConfigurationError without its packages."""
    if not settings.tracing:
        return NO_TRACING
    try:
        from otp_worker.service.telemetry import open_telemetry
    except ImportError as error:
        raise ConfigurationError(
            "OTP_TRACING: the packages for it are missing; install otp-worker[otel]"
        ) from error
    return open_telemetry()


def older_versions(settings: Settings, db: Database) -> OlderVersions:
    """Whether processes of an older version may run beside this one."""
    return OlderVersions(db, gone=settings.oldest_version != "0.1")


def receipts_url(
    settings: Settings, keyring: Keyring, older: OlderVersions, gateway: str, delivery_id: str
) -> str | None:
    """The URL for one delivery's receipts, which every web there can be takes."""
    return callback_url(
        settings.public_url, keyring, gateway, delivery_id, for_older_versions=older.may_run()
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


def hold(queue: DeliveryQueue, outlook: WaitEstimates, route: str) -> Hold | None:
    """Why a new delivery by a route had better wait in the database: the phones or the broker are away."""
    away = outlook.away(route)
    if away is not None:
        return Hold(DeliveryStatus.WAITING, away.reason)
    return Hold(DeliveryStatus.QUEUED) if queue.rests else None


def build_worker(
    settings: Settings, app: Celery, clock: Clock | None = None, node: str | None = None
) -> WorkerParts:
    """The parts of the workers; ``node`` is this one's name."""
    told = channels(settings)
    base = _build_foundation(
        settings,
        db=open_database(settings, WORKER_CONNECTIONS),
        clock=clock,
        keyring=Keyring(settings.root_secrets, settings.code_secrets),
        queue=DeliveryQueue(app, node),
        channels=told,
    )
    return assemble_worker(
        base,
        callback_url=partial(receipts_url, settings, base.keyring, older_versions(settings, base.db)),
        notifier=Notifier(db=base.db, channels=told, console_url=settings.console_url),
        guard=PumpingGuard(
            db=base.db,
            mode=settings.guard,
            min_sends=settings.guard_min_sends,
            first_pause_seconds=settings.guard_pause_seconds,
            outbox=base.outbox,
        ),
        confirmations=settings.confirmations,
        canary_seconds=settings.canary_seconds or 60,
        number_retention_seconds=settings.number_retention_seconds,
        retention_days=settings.retention_days,
    )


def channels(settings: Settings) -> dict[str, Channel]:
    """The ways to tell support and operators that the settings name."""
    found: dict[str, Channel] = {}
    if settings.reply_webhook_url and settings.reply_webhook_secret is not None:
        client = BoundedClient(public_only=not settings.reply_webhook_private)
        secret = settings.reply_webhook_secret.get_secret_value()
        found["webhook"] = WebhookChannel(client=client, url=settings.reply_webhook_url, secret=secret)
    if settings.support_email and settings.smtp_url is not None and settings.smtp_from:
        server = parse_smtp_url(settings.smtp_url.get_secret_value())
        found["email"] = EmailChannel(
            server=server, sender=settings.smtp_from, recipient=settings.support_email
        )
    return found


def _set(value: str | None, variable: str) -> str:
    if value is None:
        raise ConfigurationError(f"{variable}: is not set")
    return value
