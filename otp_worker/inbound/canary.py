"""Canaries: a real SMS from one of the operator's SIMs to another, which tells how long an SMS really takes.

A receipt can lie; what came in at the other phone did arrive.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from ulid import ULID

from otp_worker.domain.gateway import Message, OutcomeKind, Reply
from otp_worker.domain.keyring import Keyring
from otp_worker.domain.ports import Publish
from otp_worker.domain.sim import Sim, Sims
from otp_worker.inbound.senders import can_stand_for
from otp_worker.inbound.side_sends import Away, obstacle
from otp_worker.store import canaries
from otp_worker.store.database import Database
from otp_worker.store.sim_budgets import give_back, take_turn

log = structlog.get_logger()

LOST_AFTER = timedelta(seconds=120)
TIMEOUT_SECONDS = 15.0
_TEXT = "otp-worker canary {}"
_ARRIVED = re.compile(r"\s*otp-worker canary ([0-9A-Z]{26})\s*")


@dataclass(frozen=True, slots=True)
class Canaries:
    """The canaries with all they need; ``channels`` are told of a lost one, by ``publish`` at once."""

    db: Database
    keyring: Keyring
    sims: Sims
    away: Away
    channels: tuple[str, ...]
    publish: Publish

    def sweep(self, now: datetime) -> str:
        """Report what is lost, and send the next one; what became of it, for people."""
        for lost, notices in canaries.lose(self.db, now - LOST_AFTER, self.channels, now):
            log.warning("canary_lost", from_sim=lost.from_sim, to_sim=lost.to_sim)
            for notice_id in notices:
                self.publish(notice_id)
        pair = self._next_pair()
        if pair is None:
            return "fewer than two SIMs have a number: no canary"
        return self._send(*pair, now)

    def arrive(self, reply: Reply, now: datetime) -> bool:
        """Whether an SMS that came in is from one of our SIMs: then it is no reply, and may be a canary."""
        sender = next(
            (sim for sim in self.sims.all if sim.number and can_stand_for(reply.number, sim.number)), None
        )
        if sender is None:
            return False
        match = _ARRIVED.fullmatch(reply.text)
        if match and canaries.arrive(self.db, match[1], sender.name, now):
            log.info("canary_arrived", canary=match[1], from_sim=sender.name)
        return True

    def _next_pair(self) -> tuple[Sim, Sim] | None:
        known = [sim for sim in self.sims.all if sim.number]
        if len(known) < 2:
            return None
        last = canaries.newest_sender(self.db)
        names = [sim.name for sim in known]
        at = (names.index(last) + 1) % len(known) if last in names else 0
        return known[at], known[(at + 1) % len(known)]

    def _send(self, sender: Sim, to: Sim, now: datetime) -> str:
        number = to.number or ""
        why_not = obstacle(sender, number, now, self.away)
        if why_not is not None:
            return f"no canary: {why_not}"
        turn = take_turn(self.db, sender, self.keyring.number_hash(number), now)
        if isinstance(turn, str):
            return f"no canary: {turn}"
        canary = str(ULID.from_datetime(now))
        canaries.insert_canary(self.db, canary, sender.name, to.name, now)
        life = LOST_AFTER.total_seconds()
        message = Message(
            number, _TEXT.format(canary), canary, None, life, TIMEOUT_SECONDS, sender.number, sender.slot
        )
        outcome = self.sims.gateway_of(sender).send(message)
        if outcome.kind not in (OutcomeKind.ACCEPTED, OutcomeKind.UNCERTAIN):
            give_back(self.db, turn)
            canaries.forget_canary(self.db, canary)
            return f"no canary from {sender.name}: {outcome.reason}"
        return f"a canary from {sender.name} to {to.name}"
