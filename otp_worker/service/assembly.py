"""The parts of the HTTP intake, put together from what they are given: opens nothing, reads no settings."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from otp_worker.domain.hook import Hook
from otp_worker.domain.limits import Limits
from otp_worker.domain.ports import Clock, PublishAll
from otp_worker.domain.sim import Sims
from otp_worker.domain.tracing import Tracer
from otp_worker.inbound.callbacks import Callbacks
from otp_worker.inbound.canary import Canaries
from otp_worker.inbound.confirmations import Confirmations
from otp_worker.inbound.replies import Replies
from otp_worker.inbound.senders import Senders
from otp_worker.issue.drafts import Drafts
from otp_worker.issue.given_codes import GivenCodes
from otp_worker.issue.hooked import HookMessenger
from otp_worker.issue.idempotency import Idempotency
from otp_worker.issue.issuer import Issuer
from otp_worker.issue.messages import Messenger
from otp_worker.issue.payments import Payments
from otp_worker.issue.resend import Resender
from otp_worker.issue.reverse import Inviter
from otp_worker.issue.sealer import Sealer
from otp_worker.issue.writer import SendWriter
from otp_worker.operations.admin import Operator
from otp_worker.operations.app_texts import OperatorsTexts
from otp_worker.operations.apps import Apps
from otp_worker.operations.conversions import Conversions
from otp_worker.operations.endpoints import Endpoints
from otp_worker.operations.health import Health
from otp_worker.operations.rejections import Rejections
from otp_worker.operations.request_times import RequestTimes
from otp_worker.operations.templates import AppTemplates
from otp_worker.operations.totals import Totals
from otp_worker.operations.trail import Trails
from otp_worker.operations.wait_estimate import WaitEstimates
from otp_worker.operations.write_probe import WriteProbe
from otp_worker.protection.api_keys import ApiKeys
from otp_worker.protection.pauses import Pauses
from otp_worker.protection.rate_limiter import CheckLimiter, RedisLimiter
from otp_worker.service.foundation import Foundation
from otp_worker.store.database import Database
from otp_worker.verify import Verifier


@dataclass(frozen=True, slots=True)
class Intake:
    """What the HTTP intake works with."""

    db: Database
    issuer: Issuer
    resender: Resender
    inviter: Inviter
    messenger: Messenger
    hook_messenger: HookMessenger
    verifier: Verifier
    idempotency: Idempotency
    api_keys: ApiKeys
    apps: Apps
    templates: AppTemplates
    endpoints: Endpoints
    callbacks: Callbacks
    operator: Operator
    health: Health
    refusals: Rejections
    totals: Totals
    tracer: Tracer
    outlook: WaitEstimates
    trails: Trails
    conversions: Conversions
    clock: Clock


class IssueStep(NamedTuple):
    """The parts of the first step, over one writer."""

    issuer: Issuer
    resender: Resender
    inviter: Inviter


class AppParts(NamedTuple):
    """What holds for one app alone."""

    apps: Apps
    templates: AppTemplates
    endpoints: Endpoints


def build_issue_step(
    *,
    db: Database,
    drafts: Drafts,
    sealer: Sealer,
    limiter: RedisLimiter,
    publish: PublishAll,
    announce: PublishAll,
    pauses: Pauses,
    inbound_sims: Sims | None,
) -> IssueStep:
    """The first step's parts; people may text to the ``inbound_sims``, if there are any."""
    given_codes = GivenCodes(db, drafts.keyring, sealer, drafts.policy.bcrypt_rounds, drafts.workers_know)
    writer = SendWriter(db=db, limiter=limiter, publish=publish, announce=announce)
    resender = Resender(
        db=db, limits=drafts.limits, limiter=limiter, drafts=drafts, writer=writer, pauses=pauses
    )
    return IssueStep(
        issuer=Issuer(
            db=db,
            drafts=drafts,
            writer=writer,
            pauses=pauses,
            resender=resender,
            given_codes=given_codes,
            payments=Payments(drafts.keyring, sealer, drafts.workers_know),
        ),
        resender=resender,
        inviter=Inviter(
            db=db, keyring=drafts.keyring, drafts=drafts, writer=writer, pauses=pauses, sims=inbound_sims
        ),
    )


def assemble_intake(
    base: Foundation,
    *,
    limits: Limits,
    limiter: RedisLimiter,
    outlook: WaitEstimates,
    confirmations: Confirmations | None,
    reply_languages: Collection[str],
    report_lock_seconds: int,
    retention_days: int,
    private_endpoints: bool,
    older_may_run: Callable[[], bool],
    may_accept_messages: Callable[[], bool],
    issue_step: IssueStep,
    sealer: Sealer,
    hooks: Mapping[str, Hook],
) -> Intake:
    """The parts of the HTTP intake."""
    answering = _build_replies(base, reply_languages, report_lock_seconds, confirmations, issue_step)
    messenger = _build_messenger(base.db, issue_step, sealer, may_accept_messages)
    return Intake(
        db=base.db,
        **issue_step._asdict(),
        messenger=messenger,
        hook_messenger=HookMessenger(messenger, hooks),
        verifier=build_verifier(base, limits=limits, limiter=limiter),
        idempotency=Idempotency(db=base.db, keyring=base.keyring, clock=base.clock),
        api_keys=ApiKeys(db=base.db, clock=base.clock),
        **_build_app_parts(base, retention_days, private_endpoints=private_endpoints)._asdict(),
        callbacks=_build_callbacks(base, answering),
        operator=Operator(db=base.db, limits=limits, countries=base.policy.countries),
        health=_build_health(base, older_may_run),
        refusals=Rejections(base.db),
        totals=Totals(base.db, RequestTimes(base.db)),
        tracer=base.tracer,
        outlook=outlook,
        trails=Trails(base.db, base.keyring, base.policy.countries, base.sims, base.clock),
        conversions=Conversions(base.db),
        clock=base.clock,
    )


def _build_app_parts(base: Foundation, retention_days: int, *, private_endpoints: bool) -> AppParts:
    texts = OperatorsTexts(base.policy.languages, base.policy.templates)
    return AppParts(
        apps=Apps(db=base.db, clock=base.clock, retention_days=retention_days, texts=texts),
        templates=AppTemplates(base.db, base.clock, texts),
        endpoints=Endpoints(base.db, base.keyring, base.clock, private_endpoints),
    )


def _build_messenger(
    db: Database, issue_step: IssueStep, sealer: Sealer, may_accept: Callable[[], bool]
) -> Messenger:
    issuer = issue_step.issuer
    return Messenger(
        db=db,
        drafts=issuer.drafts,
        writer=issuer.writer,
        pauses=issuer.pauses,
        sealer=sealer,
        may_accept=may_accept,
    )


def _build_replies(
    base: Foundation,
    languages: Collection[str],
    report_lock_seconds: int,
    confirmations: Confirmations | None,
    issue_step: IssueStep,
) -> Replies:
    return Replies(
        db=base.db,
        keyring=base.keyring,
        languages=languages,
        report_lock_seconds=report_lock_seconds,
        outbox=base.outbox,
        inbound=issue_step.inviter.sims is not None,
        confirmations=confirmations,
        senders=Senders(countries=base.policy.countries, sims=base.sims),
    )


def _build_callbacks(base: Foundation, answering: Replies) -> Callbacks:
    return Callbacks(
        db=base.db,
        keyring=base.keyring,
        gateways=base.sims.gateways,
        answering=answering,
        canaries=Canaries(
            db=base.db, keyring=base.keyring, sims=base.sims, away=base.breaker.away, outbox=base.outbox
        ),
        breaker=base.breaker,
        tracer=base.tracer,
    )


def _build_health(base: Foundation, older_may_run: Callable[[], bool]) -> Health:
    return Health(
        db=base.db,
        check_broker=base.queue.check,
        breaker=base.breaker,
        sims=base.sims,
        probe=WriteProbe(base.db),
        older_may_run=older_may_run,
    )


def build_verifier(base: Foundation, *, limits: Limits, limiter: RedisLimiter) -> Verifier:
    """The third step, its checks counted where sends are."""
    return Verifier(
        db=base.db,
        keyring=base.keyring,
        policy=base.policy,
        limits=limits,
        limiter=CheckLimiter(limiter),
        clock=base.clock,
    )
