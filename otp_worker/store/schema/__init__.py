"""The tables, by what they are about."""

from otp_worker.store.schema.audit import audit
from otp_worker.store.schema.base import Instant, metadata
from otp_worker.store.schema.delivery import (
    ENDED_UNPUBLISHED,
    IS_OPEN,
    IS_PROBLEM,
    deliveries,
    early_receipts,
)
from otp_worker.store.schema.endpoint import endpoint_events, endpoints
from otp_worker.store.schema.entry import entry_links
from otp_worker.store.schema.gateway import (
    canaries,
    canary_turns,
    gateways,
    sim_breakers,
    sim_recipients,
    sims,
)
from otp_worker.store.schema.protection import (
    api_keys,
    app_templates,
    apps,
    conversion_blocks,
    conversions,
    number_guards,
    pauses,
)
from otp_worker.store.schema.reply import (
    confirmations,
    notice_channels,
    notices,
    opt_outs,
    replies,
    reply_keys,
)
from otp_worker.store.schema.step import steps
from otp_worker.store.schema.tag import verification_buckets, verification_tags
from otp_worker.store.schema.upkeep import (
    alerts,
    counters,
    machine_clock,
    schema_version,
    seal_keys,
    sweeps,
    tallies,
)
from otp_worker.store.schema.verification import (
    IS_MESSAGE,
    IS_PENDING,
    idempotency_keys,
    verifications,
)

__all__ = [
    "ENDED_UNPUBLISHED",
    "IS_MESSAGE",
    "IS_OPEN",
    "IS_PENDING",
    "IS_PROBLEM",
    "Instant",
    "alerts",
    "api_keys",
    "app_templates",
    "apps",
    "audit",
    "canaries",
    "canary_turns",
    "confirmations",
    "conversion_blocks",
    "conversions",
    "counters",
    "deliveries",
    "early_receipts",
    "endpoint_events",
    "endpoints",
    "entry_links",
    "gateways",
    "idempotency_keys",
    "machine_clock",
    "metadata",
    "notice_channels",
    "notices",
    "number_guards",
    "opt_outs",
    "pauses",
    "replies",
    "reply_keys",
    "schema_version",
    "seal_keys",
    "sim_breakers",
    "sim_recipients",
    "sims",
    "steps",
    "sweeps",
    "tallies",
    "verification_buckets",
    "verification_tags",
    "verifications",
]
