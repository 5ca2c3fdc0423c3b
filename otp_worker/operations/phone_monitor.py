"""Looking after the phones: each is asked how it is, where its gateway can tell; a silent one is reported."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog

from otp_worker.domain.gateway import Gateway, PhoneState
from otp_worker.domain.ports import Outbox
from otp_worker.protection.circuit_breaker import is_open
from otp_worker.protection.isolation import isolated
from otp_worker.store import phones
from otp_worker.store.circuit_breakers import GatewayState, read_state
from otp_worker.store.database import Database

log = structlog.get_logger()

SILENT_AFTER = timedelta(seconds=60)
"""A phone that is away for so long is reported."""
LOW_BATTERY_PERCENT = 15.0


def silence(
    state: GatewayState, phone: PhoneState | None, silent_after: timedelta, now: datetime
) -> str | None:
    """Why a phone is taken to be silent, for people; None if it is not.

    Its gateway's word counts where it has one, and what became of the last messages in any case;
    ``silent_after`` is how long a phone of this gateway may be unseen between two signs of life.
    """
    if is_open(state) and state.failing_since is not None and now - state.failing_since >= SILENT_AFTER:
        return state.reason or "the gateway is unavailable"
    if phone is not None and phone.online is False:
        return "its gateway says that it is offline"
    if phone is not None and phone.last_seen_at is not None and now - phone.last_seen_at > silent_after:
        return f"its gateway has not seen it since {phone.last_seen_at:%H:%M:%S}Z"
    return None


def battery_is_low(phone: PhoneState | None) -> bool | None:
    """Whether a phone must be charged; None where nobody knows."""
    if phone is None or phone.battery_percent is None:
        return None
    return phone.battery_percent <= LOW_BATTERY_PERCENT


@dataclass(frozen=True, slots=True)
class PhoneMonitor:
    """The sweep with all it needs; ``outbox`` takes what tells of a change, as soon as it is seen."""

    db: Database
    gateways: Mapping[str, Gateway]
    outbox: Outbox
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def check(self, now: datetime) -> int:
        """Look at every phone; how many reports that made. What was reported is not reported again.

        One run at a time in a process: a gateway that hangs holds one thread, and not those of the sweeps.
        """
        if not self._turn.acquire(blocking=False):
            return 0
        try:
            return self._check(now)
        finally:
            self._turn.release()

    def _check(self, now: datetime) -> int:
        reports = 0
        for name, gateway in self.gateways.items():
            with isolated("look at a phone", gateway=name):
                reports += self._look_at(name, gateway, now)
        return reports

    def _look_at(self, name: str, gateway: Gateway, now: datetime) -> int:
        phone = None
        with isolated("phone state", gateway=name):
            phone = gateway.phone_state()
        moved_at, judged = None, phone
        if phone is not None and phone.last_seen_at is not None:
            # The gateway's clock need not agree with ours: what counts is when its word last changed.
            moved_at = phones.moved_at(self.db, name, phone.last_seen_at, now)
            judged = replace(phone, last_seen_at=moved_at)
        why = silence(read_state(self.db, name), judged, gateway.silent_after, now)
        seen = phones.Seen(phone, why, battery_is_low(phone), moved_at)
        reports = phones.note_look(self.db, name, seen, self.outbox.channels, now)
        for kind, notices in reports:
            log.warning(kind.replace(".", "_"), gateway=name, reason=why)
            self.outbox.send(notices)
        return len(reports)
