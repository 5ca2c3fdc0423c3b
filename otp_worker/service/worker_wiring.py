"""Configuration of the workers: opens what the settings name, and has their parts put together over it.

Apart from the intake's wiring: web and console do without what only workers import.
"""

from functools import partial

from celery import Celery

from otp_worker.domain.keyring import Keyring
from otp_worker.domain.ports import Clock
from otp_worker.domain.sealing import Unsealer
from otp_worker.gateways.client import BoundedClient
from otp_worker.inbound.callbacks import callback_url
from otp_worker.operations.email import EmailChannel
from otp_worker.operations.notifier import Channel, Notifier
from otp_worker.operations.webhook import WebhookChannel
from otp_worker.protection.pumping_guard import PumpingGuard
from otp_worker.service.database import open_database
from otp_worker.service.publisher import DeliveryQueue
from otp_worker.service.settings import Settings
from otp_worker.service.wiring import build_foundation, older_versions
from otp_worker.service.worker_assembly import WorkerParts, assemble_worker
from otp_worker.store.older_versions import OlderVersions

WORKER_CONNECTIONS = 16


def build_worker(
    settings: Settings, app: Celery, clock: Clock | None = None, node: str | None = None
) -> WorkerParts:
    """The parts of the workers; ``node`` is this one's name."""
    told = channels(settings)
    base = build_foundation(
        settings,
        db=open_database(settings, WORKER_CONNECTIONS),
        clock=clock,
        keyring=Keyring(settings.root_secrets, settings.code_secrets),
        queue=DeliveryQueue(app, node),
    )
    return assemble_worker(
        base,
        unsealer=Unsealer(settings.code_secrets),
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
        private_endpoints=settings.endpoints_private,
        number_retention_seconds=settings.number_retention_seconds,
        retention_days=settings.retention_days,
    )


def receipts_url(
    settings: Settings, keyring: Keyring, older: OlderVersions, gateway: str, delivery_id: str
) -> str | None:
    """The URL for one delivery's receipts, which every web there can be takes."""
    return callback_url(
        settings.public_url, keyring, gateway, delivery_id, for_older_versions=older.may_run()
    )


def channels(settings: Settings) -> dict[str, Channel]:
    """The ways to tell support and operators that the settings name."""
    found: dict[str, Channel] = {}
    if settings.reply_webhook_url and settings.reply_webhook_secret is not None:
        client = BoundedClient(public_only=not settings.reply_webhook_private)
        secret = settings.reply_webhook_secret.get_secret_value()
        found["webhook"] = WebhookChannel(client=client, url=settings.reply_webhook_url, secret=secret)
    server = settings.smtp_server
    if settings.support_email and server is not None and settings.smtp_from:
        found["email"] = EmailChannel(
            server=server, sender=settings.smtp_from, recipient=settings.support_email
        )
    return found
