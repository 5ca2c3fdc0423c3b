"""What is forgotten, and when: each noun purges its own rows."""

from collections.abc import Callable
from datetime import datetime, timedelta

from otp_worker.domain.entry_link import RESULT_SECONDS
from otp_worker.domain.sim import Sims
from otp_worker.expire import Purge
from otp_worker.store import (
    audit,
    canaries,
    confirmations,
    conversion_sums,
    early_receipts,
    endpoint_events,
    entry_links,
    expire,
    idempotency_keys,
    lockouts,
    notifications,
    replies,
    reply_keys,
    sim_budgets,
    steps,
    tallies,
)
from otp_worker.store.database import Database


def purges(sims: Sims, number_retention_seconds: int, retention_days: int) -> tuple[Purge, ...]:
    """All that is purged, in this order; plain numbers first."""
    numbers = timedelta(seconds=number_retention_seconds)
    rows = timedelta(days=retention_days)
    return (
        _older_than(numbers, expire.forget_numbers),
        _older_than(numbers, expire.forget_emails),
        _older_than(numbers, replies.forget_numbers),
        _older_than(timedelta(seconds=RESULT_SECONDS), entry_links.purge),
        _months_before_the_oldest(sims),
        confirmations.purge,
        _older_than(timedelta(seconds=early_receipts.KEPT_SECONDS), early_receipts.purge),
        _older_than(rows, canaries.purge),
        reply_keys.purge,
        _older_than(timedelta(hours=idempotency_keys.KEPT_HOURS), idempotency_keys.purge),
        _older_than(rows, lockouts.purge),
        _older_than(rows, notifications.purge),
        _older_than(rows, endpoint_events.purge),
        _older_than(rows, expire.purge),
        _older_than(rows, steps.purge),
        tallies.purge,
        conversion_sums.purge,
        _older_than(rows, replies.purge),
        _older_than(rows, audit.purge),
    )


def _older_than(age: timedelta, purge: Callable[[Database, datetime], int]) -> Purge:
    return lambda db, now: purge(db, now - age)


def _months_before_the_oldest(sims: Sims) -> Purge:
    """To whom SIMs wrote in months that are over in every SIM's time zone."""
    return lambda db, now: sim_budgets.purge(db, min((sim.month(now) for sim in sims.all), default=""))
