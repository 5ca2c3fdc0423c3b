"""The one place that opens what the settings name, and has the parts put together over it."""

from functools import partial

from redis import Redis

from otp_worker.domain.errors import ConfigurationError
from otp_worker.domain.keyring import Keyring
from otp_worker.domain.limits import Limits
from otp_worker.domain.passcode import Derivation
from otp_worker.domain.ports import Clock, Outbox
from otp_worker.domain.sealing import SealKey, Unsealer
from otp_worker.domain.tracing import NO_TRACING, Tracer
from otp_worker.domain.verification import DeliveryStatus
from otp_worker.inbound.confirmations import Confirmations
from otp_worker.issue.drafts import Drafts
from otp_worker.issue.recipients import Recipients
from otp_worker.issue.request import Hold
from otp_worker.issue.sealer import Sealer
from otp_worker.operations.wait_estimate import WaitEstimates
from otp_worker.protection.circuit_breaker import Breaker
from otp_worker.protection.pauses import Pauses
from otp_worker.protection.rate_limiter import RedisLimiter
from otp_worker.service.assembly import Intake, IssueStep, assemble_intake, build_issue_step
from otp_worker.service.celery_app import make_celery
from otp_worker.service.database import open_database
from otp_worker.service.foundation import Foundation
from otp_worker.service.publisher import DeliveryQueue
from otp_worker.service.redis_client import connect_redis
from otp_worker.service.settings import Settings
from otp_worker.store.clock import service_clock
from otp_worker.store.database import Database
from otp_worker.store.older_versions import OlderVersions
from otp_worker.store.templates import TemplateReader


def build_intake(settings: Settings, clock: Clock | None = None) -> Intake:
    """The parts of the HTTP intake: it can judge a code and not make one."""
    db = open_database(settings)
    publishing = make_celery(_set(settings.broker_url, "OTP_BROKER_URL"), settings.publish_wait_seconds)
    base = build_foundation(
        settings,
        db=db,
        clock=clock,
        keyring=Keyring(settings.root_secrets),
        queue=DeliveryQueue(publishing),
    )
    outlook = WaitEstimates(db=db, breaker=base.breaker, sims=base.sims)
    limits = Limits(keyring=base.keyring, rates=settings.limit_rates)
    limiter = RedisLimiter(open_redis(settings))
    older = older_versions(settings, db)
    sealer = Sealer(db, seal_keys(settings))
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
        private_endpoints=settings.endpoints_private,
        older_may_run=older.may_run,
        may_accept_messages=partial(older.know, Derivation.MESSAGE),
        issue_step=_build_issue_step(settings, base, limits, limiter, outlook, older, sealer),
        sealer=sealer,
        hooks=settings.hooks,
    )


def seal_keys(settings: Settings) -> list[SealKey]:
    """The public keys to seal with, newest first: the one that is named, or those of the secrets."""
    named = settings.seal_public_key
    return Unsealer(settings.code_secrets).public_keys if named is None else [SealKey.parse(named)]


def build_foundation(
    settings: Settings,
    *,
    db: Database,
    clock: Clock | None,
    keyring: Keyring,
    queue: DeliveryQueue,
) -> Foundation:
    """What the parts of web and workers stand on."""
    return Foundation(
        db=db,
        clock=clock or service_clock(db),
        keyring=keyring,
        policy=settings.policy,
        sims=settings.sims,
        breaker=Breaker(db=db, lease_seconds=settings.policy.lease_seconds),
        outbox=Outbox(channels=channel_names(settings), publish=queue.publish_notice),
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
    sealer: Sealer,
) -> IssueStep:
    drafts = Drafts(
        keyring=base.keyring,
        policy=base.policy,
        limits=limits,
        recipients=Recipients(base.policy.countries, settings.email_codes, older.know),
        hold=partial(hold, base.queue, outlook),
        templates=TemplateReader(base.db).find,
        workers_know=older.know,
        trace_context=base.tracer.context,
    )
    return build_issue_step(
        db=base.db,
        drafts=drafts,
        sealer=sealer,
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
    return OlderVersions(db, settings.oldest_version)


def open_redis(settings: Settings) -> Redis | None:
    """The Redis that limits are counted in; None where the settings name none."""
    if settings.limits_url is None:
        return None
    return connect_redis(settings.limits_url, settings.publish_wait_seconds)


def hold(queue: DeliveryQueue, outlook: WaitEstimates, route: str) -> Hold | None:
    """Why a new delivery by a route had better wait in the database: the phones or the broker are away."""
    away = outlook.away(route)
    if away is not None:
        return Hold(DeliveryStatus.WAITING, away.reason)
    return Hold(DeliveryStatus.QUEUED) if queue.rests else None


def channel_names(settings: Settings) -> tuple[str, ...]:
    """What the ways to tell support and operators are called that the settings name."""
    named = {"webhook": settings.reply_webhook_url, "email": settings.support_email}
    return tuple(name for name, whom in named.items() if whom)


def _set(value: str | None, variable: str) -> str:
    if value is None:
        raise ConfigurationError(f"{variable}: is not set")
    return value
